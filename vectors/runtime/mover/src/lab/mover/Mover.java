package lab.mover;

import javacard.framework.*;

/**
 * Moves, compares and fills as many bytes of long arrays as the data says, as many times as P1 and P2 say, for
 * {@code hydra bench} to time.
 */
public class Mover extends Applet {
    private final byte[] from = JCSystem.makeTransientByteArray((short) 16000, JCSystem.CLEAR_ON_RESET);
    private final byte[] to = JCSystem.makeTransientByteArray((short) 16000, JCSystem.CLEAR_ON_RESET);

    public static void install(byte[] array, short offset, byte length) {
        new Mover().register();
    }

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        byte[] buffer = apdu.getBuffer();
        short rounds = Util.getShort(buffer, ISO7816.OFFSET_P1);
        apdu.setIncomingAndReceive();
        short length = Util.getShort(buffer, ISO7816.OFFSET_CDATA);
        byte compared = 0;
        switch (buffer[ISO7816.OFFSET_INS]) {
        case 1:
            for (short i = 0; i < rounds; i++) {
                Util.arrayCopyNonAtomic(from, (short) 0, to, (short) 0, length);
            }
            break;
        case 2:
            for (short i = 0; i < rounds; i++) {
                compared |= Util.arrayCompare(from, (short) 0, to, (short) 0, length);
            }
            break;
        case 3:
            for (short i = 0; i < rounds; i++) {
                Util.arrayFillNonAtomic(to, (short) 0, length, (byte) 0);
            }
            break;
        default:
            ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
        }
        buffer[0] = compared;
        apdu.setOutgoingAndSend((short) 0, (short) 1);
    }
}
