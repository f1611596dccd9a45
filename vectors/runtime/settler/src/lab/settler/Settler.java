package lab.settler;

import javacard.framework.*;
import javacard.security.*;
import lab.warden.Guard;

/** An applet that is installed in more ways than one: the first byte of its parameters says how. */
public class Settler extends Applet {
    private static Settler first;
    private static short count;
    private static final byte[] shared = new byte[2];
    private static OwnerPIN pin;

    private int wide;
    private OwnerPINx other;

    private Settler() {
    }

    public static void install(byte[] array, short offset, byte length) {
        short at = (short) (offset + 1 + array[offset]);
        at = (short) (at + 1 + array[at]);
        byte how = array[(short) (at + 1)];
        short value = Util.getShort(array, (short) (at + 2));
        Settler settler = new Settler();
        switch (how) {
        case 0:
            settler.register();
            if (first == null) {
                first = settler;
                pin = new OwnerPIN((byte) 3, (byte) 2);
                pin.update(shared, (short) 0, (byte) 2);
            }
            break;
        case 1:
            // An object from before the transaction, an AID in it.
            JCSystem.beginTransaction();
            settler.register();
            JCSystem.abortTransaction();
            break;
        case 2:
            JCSystem.beginTransaction();
            new Settler().register();
            JCSystem.abortTransaction();
            break;
        case 3:
            JCSystem.beginTransaction();
            settler.register();
            JCSystem.abortTransaction();
            settler.register();
            break;
        case 4:
            JCSystem.beginTransaction();
            settler.register();
            JCSystem.commitTransaction();
            break;
        case 5:
            JCSystem.beginTransaction();
            settler.register();
            break;
        case 6:
            first.register();
            break;
        case 7:
            boolean right = guard().check(value);
            ISOException.throwIt((short) (0x6600 + (right ? 0x10 : 0) + guard().left()));
        case 8:
            // Right or wrong, in a transaction.
            JCSystem.beginTransaction();
            guard().check(value);
            guard().count();
            ISOException.throwIt((short) (0x6600 + guard().left()));
        case 9:
            settler.register();
            guard().count();
            guard().keep(settler);
            first = settler;
            count++;
            JCSystem.beginTransaction();
            shared[1] = 7;
            JCSystem.commitTransaction();
            shared[0] = 1;
            pin.check(shared, (short) 0, (byte) 2);
            pin.update(shared, (short) 0, (byte) 1);
            ISOException.throwIt((short) 0x6601);
        case 10:
            RandomData random = RandomData.getInstance(RandomData.ALG_SECURE_RANDOM);
            random.generateData(array, (short) 0, (short) 2);
            ISOException.throwIt(Util.getShort(array, (short) 0));
        default:
            break;
        }
    }

    private static Guard guard() {
        byte[] name = {(byte) 0xF0, 0x48, 0x59, 0x44, 0x52, (byte) 0xF0, 0x08, 0x01};
        AID warden = JCSystem.lookupAID(name, (short) 0, (byte) name.length);
        return (Guard) JCSystem.getAppletShareableInterfaceObject(warden, (byte) 0);
    }

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        byte[] buffer = apdu.getBuffer();
        short length = 0;
        switch (buffer[ISO7816.OFFSET_INS]) {
        case 1:
            length = JCSystem.getAID().getBytes(buffer, (short) 0);
            break;
        case 2:
            Util.setShort(buffer, (short) 0, guard().secret());
            length = 2;
            break;
        case 3:
            // What all instances share.
            buffer[0] = (byte) (first == this ? 1 : 0);
            Util.setShort(buffer, (short) 1, count);
            buffer[3] = shared[0];
            buffer[4] = shared[1];
            buffer[5] = pin.getTriesRemaining();
            buffer[6] = (byte) (pin.check(shared, (short) 0, (byte) 2) ? 1 : 0);
            length = 7;
            break;
        case 4:
            length = draws(buffer);
            break;
        case 5:
            length = tries(buffer);
            break;
        case 6:
            length = memory(buffer);
            break;
        case 7:
            length = full(buffer);
            break;
        default:
            ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
        }
        apdu.setOutgoingAndSend((short) 0, length);
    }

    /** Random bytes in a transaction that is aborted, and after it. */
    private short draws(byte[] buffer) {
        RandomData random = RandomData.getInstance(RandomData.ALG_SECURE_RANDOM);
        JCSystem.beginTransaction();
        random.generateData(buffer, (short) 0, (short) 16);
        JCSystem.abortTransaction();
        random.generateData(buffer, (short) 16, (short) 16);
        return (short) 32;
    }

    /** Tries left before, within and after transactions that are aborted. */
    private short tries(byte[] buffer) {
        byte[] digits = new byte[2];
        other = (OwnerPINx) OwnerPINBuilder.buildOwnerPIN((byte) 5, (byte) 2, OwnerPINBuilder.OWNER_PIN_X);
        other.update(digits, (short) 0, (byte) 2);
        other.check(digits, (short) 0, (byte) 1);
        other.check(digits, (short) 0, (byte) 1);
        buffer[0] = other.getTriesRemaining();

        JCSystem.beginTransaction();
        other.setTriesRemaining((byte) 5);
        other.check(digits, (short) 0, (byte) 1);
        buffer[1] = other.getTriesRemaining();
        JCSystem.abortTransaction();
        buffer[2] = other.getTriesRemaining();

        JCSystem.beginTransaction();
        other.update(digits, (short) 0, (byte) 1);
        other.setTriesRemaining((byte) 1);
        other.check(digits, (short) 0, (byte) 2);
        buffer[3] = other.getTriesRemaining();
        JCSystem.abortTransaction();
        buffer[4] = other.getTriesRemaining();

        // The limit that there is afterwards is the old one.
        JCSystem.beginTransaction();
        other.setTryLimit((byte) 9);
        other.check(digits, (short) 0, (byte) 2);
        buffer[5] = other.getTriesRemaining();
        JCSystem.abortTransaction();
        buffer[6] = other.getTriesRemaining();

        JCSystem.beginTransaction();
        other.setTriesRemaining((byte) 1);
        JCSystem.abortTransaction();
        buffer[7] = other.getTriesRemaining();
        return (short) 8;
    }

    /** All of an answer or nothing. */
    private short memory(byte[] buffer) {
        short[] halves = {1, 2};
        short thrown = 0;
        for (short offset = -1; offset <= 1; offset += 2) {
            try {
                JCSystem.getAvailableMemory(halves, offset, JCSystem.MEMORY_TYPE_PERSISTENT);
            } catch (ArrayIndexOutOfBoundsException e) {
                thrown++;
            }
        }
        try {
            JCSystem.getAvailableMemory((short[]) null, (short) -1, JCSystem.MEMORY_TYPE_PERSISTENT);
        } catch (NullPointerException e) {
            thrown++;
        }
        Util.setShort(buffer, (short) 0, halves[0]);
        Util.setShort(buffer, (short) 2, halves[1]);
        Util.setShort(buffer, (short) 4, thrown);
        return (short) 6;
    }

    /** An int field that the commit buffer has room for half of. */
    private short full(byte[] buffer) {
        short[] filler = new short[1];
        wide = 0x11112222;
        buffer[0] = 0;
        JCSystem.beginTransaction();
        while (JCSystem.getUnusedCommitCapacity() >= 16) {
            filler[0] = 1;
        }
        try {
            wide = 0x33334444;
            wide = 0x55556666;
        } catch (TransactionException e) {
            buffer[0] = (byte) e.getReason();
        }
        JCSystem.commitTransaction();
        Util.setShort(buffer, (short) 1, (short) (wide >> 16));
        Util.setShort(buffer, (short) 3, (short) wide);
        return (short) 5;
    }
}
