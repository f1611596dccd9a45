package lab.rules;

import javacard.framework.*;
import lab.shelf.*;

/** Tries what the firewall and transactions forbid, and tells what came of it. */
public class Rules extends Applet implements Service {
    static final byte[] SERVER = {(byte) 0xF0, 0x48, 0x59, 0x44, 0x52, (byte) 0xF0, 0x07, 0x01};
    static final short REFUSED = (short) 0x5EC0;
    static Object kept;
    static short number;

    private Object field;
    private final Object[] objects = new Object[1];
    private final byte[] bytes = new byte[8];
    private final byte[] cleared = JCSystem.makeTransientByteArray((short) 8, JCSystem.CLEAR_ON_RESET);
    private final OwnerPIN pin = new OwnerPIN((byte) 5, (byte) 4);
    private short count;

    public static void install(byte[] array, short offset, byte length) {
        new Rules().register(array, (short) (offset + 1), array[offset]);
    }

    public byte first(byte[] array) {
        return array[0];
    }

    public byte[] own() {
        return bytes;
    }

    public Object make() {
        return this;
    }

    public void fail(byte how) {
    }

    public byte caller() {
        AID caller = JCSystem.getPreviousContextAID();
        return caller == null ? 0 : (byte) 1;
    }

    public byte back(Service client) {
        return 0;
    }

    public void count() {
    }

    public short counted() {
        return 0;
    }

    private static Service server(byte parameter) {
        AID aid = JCSystem.lookupAID(SERVER, (short) 0, (byte) SERVER.length);
        return (Service) JCSystem.getAppletShareableInterfaceObject(aid, parameter);
    }

    private short firewall(APDU apdu, byte[] buffer, byte which) {
        Service service;
        switch (which) {
        case 0: // A permanent entry point object may be kept,
            kept = JCSystem.getAID();
            field = kept;
            objects[0] = kept;
            return (short) (((AID) field).equals(SERVER, (short) 0, (byte) SERVER.length) ? 0 : 1);
        case 1: // a temporary one not: in a static field,
            kept = apdu;
            return 1;
        case 2: // in an instance field,
            field = apdu;
            return 1;
        case 3: // in an array.
            objects[0] = apdu;
            return 1;
        case 4: // Neither may a global array.
            kept = buffer;
            return 1;
        case 5:
            field = buffer;
            return 1;
        case 6:
            objects[0] = buffer;
            return 1;
        case 7: // Nor an exception of the JCRE's.
            try {
                ISOException.throwIt((short) 1);
            } catch (ISOException e) {
                field = e;
            }
            return 1;
        case 8: // One's own exception may.
            field = new ISOException((short) 2);
            return ((ISOException) field).getReason();
        case 9: // A local variable may hold anything.
            Object local = apdu;
            return (short) (local == apdu ? 1 : 0);
        case 10: // A server sees the APDU buffer,
            buffer[0] = 42;
            return server((byte) 1).first(buffer);
        case 11: // but no array of the client's,
            return server((byte) 1).first(bytes);
        case 12: // and the client none of the server's,
            return server((byte) 1).own()[0];
        case 13: // nor an object that the server made.
            return (short) (((Box) server((byte) 1).make()).content == null ? 1 : 0);
        case 14: // Who may not have a shareable object gets none.
            return (short) (server((byte) 0) == null ? 1 : 0);
        case 15: // A class is no shareable interface.
            return (short) (((Object) server((byte) 1)) instanceof Applet ? 1 : 0);
        case 16: // The interface is.
            return (short) (((Object) server((byte) 1)) instanceof Service ? 1 : 0);
        case 17: // The server knows its client,
            return server((byte) 1).caller();
        case 18: // the client called back its server,
            return server((byte) 1).back(this);
        case 19: // and an applet that the JCRE called nobody.
            return caller();
        case 20: // The JCRE's exceptions cross,
            try {
                server((byte) 1).fail((byte) 0);
            } catch (ISOException e) {
                return e.getReason();
            }
            return 1;
        case 21: // the server's own can be caught
            try {
                server((byte) 1).fail((byte) 1);
            } catch (NullPointerException e) {
                return 3;
            }
            return 1;
        case 22: // but not used.
            try {
                server((byte) 1).fail((byte) 1);
            } catch (NullPointerException e) {
                return (short) (e.equals(e) ? 1 : 0);
            }
            return 1;
        case 23: // Static fields are everybody's, what is in them is not.
            Shelf.kept = bytes;
            service = server((byte) 1);
            return service.first((byte[]) Shelf.kept);
        case 24: // A null AID, and an applet that is not there, have none to give.
            return (short) (JCSystem.lookupAID(bytes, (short) 0, (byte) 5) == null ? 1 : 0);
        case 25: // The methods of an object of another's: no.
            return (short) (server((byte) 1).make().equals(this) ? 1 : 0);
        case 26: // Comparing references needs no rights.
            return (short) (server((byte) 1).own() == bytes ? 0 : 1);
        case 27: // Natives have their caller's rights.
            return Util.arrayCopy(server((byte) 1).own(), (short) 0, bytes, (short) 0, (short) 1);
        case 28:
            return Util.arrayCopy(bytes, (short) 0, server((byte) 1).own(), (short) 0, (short) 1);
        case 29: // The AID of another applet is an entry point whose methods can be called.
            AID aid = JCSystem.lookupAID(SERVER, (short) 0, (byte) SERVER.length);
            return (short) (aid.equals(SERVER, (short) 0, (byte) SERVER.length) ? 1 : 0);
        default:
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
            return 0;
        }
    }

    private short transaction(byte[] buffer, byte which) {
        switch (which) {
        case 0: // Two in one,
            JCSystem.beginTransaction();
            JCSystem.beginTransaction();
            return 1;
        case 1: // an end without a beginning,
            JCSystem.commitTransaction();
            return 1;
        case 2:
            JCSystem.abortTransaction();
            return 1;
        case 3: // the depth.
            short depth = JCSystem.getTransactionDepth();
            JCSystem.beginTransaction();
            depth += (short) (JCSystem.getTransactionDepth() * 10);
            JCSystem.commitTransaction();
            return (short) (depth + JCSystem.getTransactionDepth() * 100);
        case 4: // An abort takes back fields, arrays and static fields.
            number = 1;
            count = 1;
            bytes[0] = 1;
            objects[0] = null;
            JCSystem.beginTransaction();
            number = 2;
            count = 2;
            bytes[0] = 2;
            objects[0] = bytes;
            Util.arrayFillNonAtomic(bytes, (short) 1, (short) 1, (byte) 9);
            Util.setShort(bytes, (short) 2, (short) 0x0505);
            JCSystem.abortTransaction();
            return (short) (number + count + bytes[0] + (objects[0] == null ? 0 : 100) + bytes[2]);
        case 5: // A commit keeps them.
            JCSystem.beginTransaction();
            number = 2;
            count = 2;
            bytes[0] = 2;
            JCSystem.commitTransaction();
            return (short) (number + count + bytes[0]);
        case 6: // Transient content and local variables stay.
            cleared[0] = 1;
            short local = 1;
            JCSystem.beginTransaction();
            cleared[0] = 2;
            local = 2;
            JCSystem.abortTransaction();
            return (short) (cleared[0] * 10 + local);
        case 7: // Non-atomic methods stay.
            bytes[0] = 1;
            bytes[1] = 1;
            buffer[0] = 5;
            JCSystem.beginTransaction();
            Util.arrayFillNonAtomic(bytes, (short) 0, (short) 1, (byte) 3);
            Util.arrayCopyNonAtomic(buffer, (short) 0, bytes, (short) 1, (short) 1);
            JCSystem.abortTransaction();
            return (short) (bytes[0] * 10 + bytes[1]);
        case 8: // A PIN's tries do not come back.
            pin.update(SERVER, (short) 0, (byte) 4);
            pin.resetAndUnblock();
            JCSystem.beginTransaction();
            pin.check(bytes, (short) 0, (byte) 4);
            JCSystem.abortTransaction();
            return pin.getTriesRemaining();
        case 9: // An object that was made is gone, and references to it are null.
            field = null;
            JCSystem.beginTransaction();
            Object made = new byte[4];
            field = made;
            JCSystem.abortTransaction();
            return (short) ((field == null ? 1 : 0) + (made == null ? 10 : 0));
        case 10: // What is open at the end of a command is taken back,
            JCSystem.beginTransaction();
            count = 77;
            return 0;
        case 11: // also after an exception,
            JCSystem.beginTransaction();
            count = 78;
            ISOException.throwIt((short) 0x6A80);
            return 0;
        case 12: // so
            return count;
        case 13: // Caught exceptions take nothing back.
            count = 1;
            JCSystem.beginTransaction();
            try {
                count = 5;
                ISOException.throwIt((short) 1);
            } catch (ISOException e) {
                JCSystem.commitTransaction();
            }
            return count;
        case 14: // A transaction spans contexts.
            Service service = server((byte) 1);
            short before = service.counted();
            JCSystem.beginTransaction();
            service.count();
            JCSystem.abortTransaction();
            short aborted = service.counted();
            JCSystem.beginTransaction();
            service.count();
            JCSystem.commitTransaction();
            return (short) ((aborted - before) * 10 + service.counted() - before);
        case 15: // Capacity is used by what is written, and comes back.
            short all = JCSystem.getUnusedCommitCapacity();
            JCSystem.beginTransaction();
            Util.arrayFill(bytes, (short) 0, (short) 8, (byte) 1);
            boolean less = JCSystem.getUnusedCommitCapacity() < JCSystem.getMaxCommitCapacity();
            JCSystem.commitTransaction();
            return (short) ((less ? 1 : 0) + (JCSystem.getUnusedCommitCapacity() == all ? 10 : 0));
        case 16: // The APDU buffer is no persistent object.
            buffer[0] = 1;
            JCSystem.beginTransaction();
            buffer[0] = 2;
            JCSystem.abortTransaction();
            return buffer[0];
        default:
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
            return 0;
        }
    }

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        byte[] buffer = apdu.getBuffer();
        byte which = buffer[ISO7816.OFFSET_P1];
        short result = 0;
        try {
            switch (buffer[ISO7816.OFFSET_INS]) {
            case 0x01:
                result = firewall(apdu, buffer, which);
                break;
            case 0x02:
                result = transaction(buffer, which);
                break;
            default:
                ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
            }
        } catch (SecurityException e) {
            result = REFUSED;
        } catch (TransactionException e) {
            result = (short) (0x7A00 + e.getReason());
        }
        Util.setShort(buffer, (short) 0, result);
        apdu.setOutgoingAndSend((short) 0, (short) 2);
    }
}
