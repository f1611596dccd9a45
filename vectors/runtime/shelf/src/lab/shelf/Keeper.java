package lab.shelf;

import javacard.framework.*;
import javacard.security.*;
import javacardx.framework.math.BigNumber;

/** An applet that keeps things where they may hinder a deletion, and uses up what a card has. */
public abstract class Keeper extends Applet implements Lending {
    private Object keep;
    private Object[] chain;
    private short rounds;
    private byte[] large;
    private OwnerPIN pin;
    private BigNumber number;
    private KeyPair pair;
    private MessageDigest digest;

    /** An instance of a class of the applet's own package. */
    protected abstract Object own();

    /** Keeps an object in a static field of the applet's own package. */
    protected abstract void keepOwn(Object object);

    public short number() {
        return 7;
    }

    public Shareable getShareableInterfaceObject(AID client, byte parameter) {
        return this;
    }

    /** In `install`: the first byte of the applet's parameters says what to use up. */
    protected void installed(byte[] array, short offset) {
        short at = (short) (offset + 1 + array[offset]);
        at = (short) (at + 1 + array[at]);
        if (array[at] == 0) {
            return;
        }
        switch (array[(short) (at + 1)]) {
        case 1:
            while (true) {
                hold(new byte[1000]);
            }
        case 2:
            while (true) {
                hold(JCSystem.makeTransientByteArray((short) 1000, JCSystem.CLEAR_ON_RESET));
            }
        case 3:
            while (true) {
            }
        default:
            break;
        }
    }

    private void hold(Object object) {
        Object[] link = new Object[2];
        link[0] = chain;
        link[1] = object;
        chain = link;
    }

    /** A command's work in one call. */
    private void spend(byte kind) {
        if (large == null) {
            large = new byte[4096];
            pin = new OwnerPIN((byte) 127, (byte) 8);
            number = new BigNumber((short) 128);
            pair = new KeyPair(KeyPair.ALG_RSA, (short) 512);
            digest = MessageDigest.getInstance(MessageDigest.ALG_SHA_256, false);
        }
        switch (kind) {
        case 1:
            Util.arrayCopyNonAtomic(large, (short) 0, large, (short) 1, (short) 4095);
            break;
        case 2:
            Util.arrayFillNonAtomic(large, (short) 0, (short) 4096, (byte) 1);
            break;
        case 3:
            digest.doFinal(large, (short) 0, (short) 4096, large, (short) 0);
            break;
        case 4:
            Util.arrayFillNonAtomic(large, (short) 0, (short) 4096, (byte) 1);
            number.init(large, (short) 0, (short) 128, BigNumber.FORMAT_HEX);
            try {
                number.multiply(large, (short) 0, (short) 4096, BigNumber.FORMAT_HEX);
            } catch (ArithmeticException e) {
                // The product is above the maximum.
            }
            break;
        case 5:
            pin.check(large, (short) 0, (byte) 4);
            pin.resetAndUnblock();
            break;
        case 6:
            pair.genKeyPair();
            break;
        default:
            break;
        }
    }

    private static short deep(short n) {
        if (n == 0) {
            return 0;
        }
        return (short) (deep((short) (n - 1)) + 1);
    }

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        byte[] buffer = apdu.getBuffer();
        short length = apdu.setIncomingAndReceive();
        short value = length >= 2 ? Util.getShort(buffer, ISO7816.OFFSET_CDATA) : 0;
        byte p1 = buffer[ISO7816.OFFSET_P1];
        try {
            switch (buffer[ISO7816.OFFSET_INS]) {
            case 0x01:
                Shelf.kept = p1 == 0 ? null : p1 == 1 ? (Object) new byte[4] : p1 == 2 ? new Box() : own();
                break;
            case 0x02:
                keepOwn(p1 == 0 ? null : own());
                break;
            case 0x03:
                keep = p1 == 0 ? null : p1 == 1 ? new Box() : own();
                break;
            case 0x04:
                AID server = JCSystem.lookupAID(buffer, ISO7816.OFFSET_CDATA, (byte) length);
                keep = JCSystem.getAppletShareableInterfaceObject(server, (byte) 0);
                buffer[0] = (byte) (keep == null ? 0 : 1);
                apdu.setOutgoingAndSend((short) 0, (short) 1);
                break;
            case 0x05:
                Util.setShort(buffer, (short) 0, ((Lending) keep).number());
                apdu.setOutgoingAndSend((short) 0, (short) 2);
                break;
            case 0x10:
                hold(new byte[value]);
                break;
            case 0x11:
                hold(JCSystem.makeTransientByteArray(value, p1));
                break;
            case 0x12:
                // Garbage.
                for (short i = 0; i < p1; i++) {
                    byte[] dropped = new byte[value];
                    dropped[0] = 1;
                }
                break;
            case 0x13:
                Util.setShort(buffer, (short) 0, deep(value));
                apdu.setOutgoingAndSend((short) 0, (short) 2);
                break;
            case 0x14:
                rounds = 0;
                while (true) {
                    if (rounds < (short) 32767) {
                        rounds++;
                    }
                    spend(p1);
                }
            case 0x1A:
                Util.setShort(buffer, (short) 0, rounds);
                apdu.setOutgoingAndSend((short) 0, (short) 2);
                break;
            case 0x15:
                short[] both = JCSystem.makeTransientShortArray((short) 2, JCSystem.CLEAR_ON_RESET);
                JCSystem.getAvailableMemory(both, (short) 0, p1);
                Util.setShort(buffer, (short) 0, both[0]);
                Util.setShort(buffer, (short) 2, both[1]);
                Util.setShort(buffer, (short) 4, JCSystem.getAvailableMemory(p1));
                apdu.setOutgoingAndSend((short) 0, (short) 6);
                break;
            case 0x16:
                byte[] target = new byte[value];
                JCSystem.beginTransaction();
                Util.arrayFillNonAtomic(buffer, (short) 0, (short) 200, (byte) 1);
                for (short at = 0; at < value; at = (short) (at + 100)) {
                    Util.arrayCopy(buffer, (short) 0, target, at, (short) 100);
                }
                JCSystem.commitTransaction();
                break;
            case 0x17:
                Util.setShort(buffer, (short) 0, JCSystem.getMaxCommitCapacity());
                JCSystem.beginTransaction();
                Util.setShort(buffer, (short) 2, JCSystem.getUnusedCommitCapacity());
                JCSystem.abortTransaction();
                apdu.setOutgoingAndSend((short) 0, (short) 4);
                break;
            case 0x18:
                chain = null;
                break;
            case 0x19:
                JCSystem.requestObjectDeletion();
                break;
            default:
                ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
            }
        } catch (SystemException e) {
            ISOException.throwIt((short) (0x6600 + e.getReason()));
        } catch (TransactionException e) {
            ISOException.throwIt((short) (0x6610 + e.getReason()));
        }
    }
}
