package lab.prowler;

import javacard.framework.AID;
import javacard.framework.APDU;
import javacard.framework.Applet;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.Shareable;
import javacard.framework.Util;
import javacard.security.AESKey;
import javacard.security.CryptoException;
import javacard.security.KeyBuilder;
import javacardx.crypto.Cipher;
import javacardx.crypto.KeyEncryption;
import lab.fence.Latch;
import lab.fence.Visit;
import org.globalplatform.Application;

/** Tries to get at what another context has. A server that is not multiselectable, as well. */
public final class Prowler extends Applet implements Visit, Application {
    private static final short REFUSED = 0x5EC0;
    private static final short CRYPTO = 0x6200;

    private final byte[] loot = new byte[261];
    private final byte[] wrapped = new byte[16];
    private final byte[] value = new byte[16];
    private final AESKey key = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, KeyBuilder.LENGTH_AES_128, false);

    private Prowler(byte[] array) {
        Util.arrayCopy(array, (short) 0, loot, (short) 0, (short) array.length);
    }

    public static void install(byte[] array, short offset, byte length) {
        new Prowler(array).register();
    }

    public Shareable getShareableInterfaceObject(AID client, byte parameter) {
        return this;
    }

    public void processData(byte[] array, short offset, short length) {
        Util.arrayCopy(array, (short) 0, loot, (short) 0, (short) array.length);
    }

    /** What its key, if it has the cipher, makes of the value it was sent. */
    public short visit() {
        try {
            key.setKey(wrapped, (short) 0);
            key.getKey(value, (short) 0);
            return 1;
        } catch (CryptoException refused) {
            return (short) (CRYPTO + refused.getReason());
        }
    }

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        byte[] buffer = apdu.getBuffer();
        byte ins = buffer[ISO7816.OFFSET_INS];
        apdu.setIncomingAndReceive();
        if (ins == 2) {
            Util.arrayCopy(loot, buffer[ISO7816.OFFSET_P1], buffer, (short) 0, (short) 250);
            apdu.setOutgoingAndSend((short) 0, (short) 250);
            return;
        }
        short result;
        try {
            result = answer(ins, buffer);
        } catch (SecurityException refused) {
            result = REFUSED;
        }
        Util.setShort(buffer, (short) 0, result);
        apdu.setOutgoingAndSend((short) 0, (short) 2);
    }

    private short answer(byte ins, byte[] buffer) {
        byte[] pin = { 9, 9, 9, 9 };
        switch (ins) {
        case 1: // another PIN for the keeper
            Latch.changeLast(pin);
            return 1;
        case 3: // a guess that costs no try of its own
            Latch.guessLast(pin);
            return 1;
        case 4: // the same, by a method that the object's class has
            Latch.last.update(pin, (short) 0, (byte) 4);
            return 1;
        case 5: // a OneShot for a key's cipher
            Util.arrayCopy(buffer, ISO7816.OFFSET_CDATA, wrapped, (short) 0, (short) 16);
            key.setKey(wrapped, (short) 0);
            Cipher.OneShot cipher = Cipher.OneShot.open(Cipher.CIPHER_AES_ECB, Cipher.PAD_NOPAD);
            cipher.init(key, Cipher.MODE_DECRYPT);
            try {
                ((KeyEncryption) key).setKeyCipher(cipher);
            } finally {
                cipher.close();
            }
            return 1;
        case 6: // the OneShot is the only cipher that was ever set
            return (short) (((KeyEncryption) key).getKeyCipher() == null ? 0 : 1);
        default:
            ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
            return 0;
        }
    }
}
