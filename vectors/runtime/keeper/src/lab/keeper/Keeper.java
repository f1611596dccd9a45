package lab.keeper;

import javacard.framework.AID;
import javacard.framework.APDU;
import javacard.framework.Applet;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.AESKey;
import javacard.security.KeyBuilder;
import javacard.security.MessageDigest;
import javacardx.crypto.Cipher;
import lab.fence.Latch;
import lab.fence.Visit;

/** Has what others are after: a PIN, a key, and what it was sent. It calls others as a client does. */
public final class Keeper extends Applet {
    private static final short REFUSED = 0x5EC0;

    private final Latch latch = new Latch((byte) 3, (byte) 4);
    private final AESKey key = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, KeyBuilder.LENGTH_AES_128, false);
    private Visit server;

    private Keeper() {
        byte[] pin = { 1, 2, 3, 4 };
        latch.update(pin, (short) 0, (byte) 4);
        Latch.last = latch;
        byte[] value = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
        key.setKey(value, (short) 0);
    }

    public static void install(byte[] array, short offset, byte length) {
        new Keeper().register();
    }

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        byte[] buffer = apdu.getBuffer();
        byte ins = buffer[ISO7816.OFFSET_INS];
        short length = apdu.setIncomingAndReceive();
        short result;
        try {
            result = answer(ins, buffer, length);
        } catch (SecurityException refused) {
            result = REFUSED;
        }
        Util.setShort(buffer, (short) 0, result);
        apdu.setOutgoingAndSend((short) 0, (short) 2);
    }

    private short answer(byte ins, byte[] buffer, short length) {
        switch (ins) {
        case 1: // whether this is the PIN, and the tries left
            boolean right = latch.check(buffer, ISO7816.OFFSET_CDATA, (byte) length);
            return Util.makeShort((byte) (right ? 1 : 0), latch.getTriesRemaining());
        case 2: // its own PIN, from within
            byte[] pin = { 1, 2, 3, 4 };
            Latch.last = latch;
            Latch.changeLast(pin);
            return (short) (Latch.guessLast(pin) ? 1 : 0);
        case 3: // nothing: what was sent stays in the buffer
            return length;
        case 4: // the server of this AID, kept
            server = null;
            AID aid = JCSystem.lookupAID(buffer, ISO7816.OFFSET_CDATA, (byte) length);
            server = (Visit) JCSystem.getAppletShareableInterfaceObject(aid, (byte) 0);
            return (short) (server == null ? 0 : 1);
        case 5: // the server that was kept
            return server.visit();
        case 6: // the same, with a OneShot open
            Cipher cipher = Cipher.OneShot.open(Cipher.CIPHER_AES_ECB, Cipher.PAD_NOPAD);
            cipher.init(key, Cipher.MODE_DECRYPT);
            return server.visit();
        case 7: // a digest goes with the transaction that it was made in
            JCSystem.beginTransaction();
            MessageDigest digest = MessageDigest.getInstance(MessageDigest.ALG_SHA_256, false);
            digest.update(buffer, ISO7816.OFFSET_CDATA, length);
            JCSystem.abortTransaction();
            return length;
        default:
            ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
            return 0;
        }
    }
}
