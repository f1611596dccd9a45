package lab.warden;

import javacard.framework.*;

/** A server with a PIN, whose clients call it while they are being installed. */
public class Warden extends Applet implements Guard {
    private static final byte[] FRIEND = {(byte) 0xF0, 0x48, 0x59, 0x44, 0x52, (byte) 0xF0, 0x09, 0x02};

    private final OwnerPIN pin = new OwnerPIN((byte) 3, (byte) 2);
    private final byte[] digits = new byte[2];
    private short count;
    private Object kept;

    private Warden() {
        Util.setShort(digits, (short) 0, (short) 0x1234);
        pin.update(digits, (short) 0, (byte) 2);
    }

    public static void install(byte[] array, short offset, byte length) {
        new Warden().register();
    }

    public Shareable getShareableInterfaceObject(AID client, byte parameter) {
        return this;
    }

    public boolean check(short guess) {
        Util.setShort(digits, (short) 0, guess);
        return pin.check(digits, (short) 0, (byte) 2);
    }

    public byte left() {
        return pin.getTriesRemaining();
    }

    public void count() {
        boolean outside = JCSystem.getTransactionDepth() == 0;
        if (outside) {
            JCSystem.beginTransaction();
        }
        count++;
        if (outside) {
            JCSystem.commitTransaction();
        }
    }

    public short counted() {
        return count;
    }

    public void keep(Object object) {
        kept = object;
    }

    public boolean keeps() {
        return kept != null;
    }

    public short secret() {
        AID client = JCSystem.getPreviousContextAID();
        if (client == null || !client.equals(FRIEND, (short) 0, (byte) FRIEND.length)) {
            ISOException.throwIt(ISO7816.SW_SECURITY_STATUS_NOT_SATISFIED);
        }
        return 0x7777;
    }

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        byte[] buffer = apdu.getBuffer();
        buffer[0] = left();
        Util.setShort(buffer, (short) 1, count);
        buffer[3] = (byte) (keeps() ? 1 : 0);
        apdu.setOutgoingAndSend((short) 0, (short) 4);
    }
}
