package lab.framework;

import java.io.IOException;
import javacard.framework.*;
import lab.cases.Cases;

/** javacard.framework: what the probe of vectors/runtime does not ask. */
public class Framework extends Cases {
    /** A PIN that shows what its subclasses may use. */
    static class OpenPin extends OwnerPIN {
        OpenPin() { super((byte) 3, (byte) 8); }
        boolean flag() { return getValidatedFlag(); }
        void flag(boolean value) { setValidatedFlag(value); }
    }

    final byte[] store = new byte[32];
    final OpenPin open = new OpenPin();
    final PIN plain = OwnerPINBuilder.buildOwnerPIN((byte) 3, (byte) 8, OwnerPINBuilder.OWNER_PIN);
    final OwnerPINx x = (OwnerPINx) OwnerPINBuilder.buildOwnerPIN((byte) 3, (byte) 8, OwnerPINBuilder.OWNER_PIN_X);
    final OwnerPINxWithPredecrement pre = (OwnerPINxWithPredecrement) OwnerPINBuilder.buildOwnerPIN((byte) 3, (byte) 8, OwnerPINBuilder.OWNER_PIN_X_WITH_PREDECREMENT);
    final byte[] good = {1, 2, 3, 4};
    final byte[] bad = {4, 3, 2, 1};
    byte selections;
    byte deselections;
    Object kept;

    public static void install(byte[] b, short o, byte l) {
        Framework applet = new Framework();
        applet.open.update(applet.good, O, (byte) 4);
        applet.x.update(applet.good, O, (byte) 4);
        applet.pre.update(applet.good, O, (byte) 4);
        applet.register();
    }

    public boolean select() { selections++; return super.select(); }
    public void deselect() { deselections++; super.deselect(); }
    public Shareable getShareableInterfaceObject(AID client, byte p) { return super.getShareableInterfaceObject(client, p); }

    protected void run(byte which, APDU apdu) throws CardException, IOException {
        byte[] b = apdu.getBuffer();
        switch (which) {
        case 0x00: put(selections); put(deselections); put(reSelectingApplet()); put(getShareableInterfaceObject(null, (byte) 0) == null); put(equals(this)); break;
        case 0x01: Applet.install(b, O, (byte) 0); break;
        case 0x02: { CardException e = new CardException((short) 1); put(e.getReason()); e.setReason((short) 0x1234); put(e.getReason()); break; }
        case 0x03: CardException.throwIt((short) 0x0203); break;
        case 0x04: { CardRuntimeException e = new CardRuntimeException((short) 1); put(e.getReason()); e.setReason((short) 0x1234); put(e.getReason()); break; }
        case 0x05: CardRuntimeException.throwIt((short) 0x0205); break;
        case 0x06: throw new ISOException((short) 0x6A80);
        case 0x07: PINException.throwIt(PINException.ILLEGAL_STATE); break;
        case 0x08: throw new PINException(PINException.ILLEGAL_VALUE);
        case 0x09: APDUException.throwIt(APDUException.IO_ERROR); break;
        case 0x0A: throw new APDUException(APDUException.BAD_LENGTH);
        case 0x0B: SystemException.throwIt(SystemException.ILLEGAL_AID); break;
        case 0x0C: throw new SystemException(SystemException.NO_RESOURCE);
        case 0x0D: TransactionException.throwIt(TransactionException.INTERNAL_FAILURE); break;
        case 0x0E: throw new TransactionException(TransactionException.ILLEGAL_USE);
        case 0x0F: throw new UserException();
        case 0x10: throw new UserException((short) 0x0110);

        case 0x18: { short all = JCSystem.getMaxCommitCapacity(); put(all > 0); put(JCSystem.getUnusedCommitCapacity() == all); break; }
        case 0x19: { byte[] many = new byte[32000]; JCSystem.beginTransaction(); short before = JCSystem.getUnusedCommitCapacity();
            Util.arrayFill(many, O, (short) 32000, (byte) 1); Util.arrayFill(many, O, (short) 32000, (byte) 2);
            put((short) (before - JCSystem.getUnusedCommitCapacity()) > 16000); JCSystem.abortTransaction(); put(many[0]); break; }
        case 0x1A: { byte[] many = new byte[32000]; JCSystem.beginTransaction(); for (byte i = 0; i < 3; i++) Util.arrayFill(many, O, (short) 32000, i); break; }
        case 0x1B: { boolean[] flags = JCSystem.makeTransientBooleanArray((short) 3, JCSystem.CLEAR_ON_DESELECT); flags[2] = true; put(flags[2]); put(flags[1]); put(JCSystem.isTransient(flags)); put((short) flags.length); break; }
        case 0x1C: { Object[] objects = JCSystem.makeTransientObjectArray((short) 2, JCSystem.CLEAR_ON_RESET); objects[0] = this; put(objects[0] == this); put(objects[1] == null); put(JCSystem.isTransient(objects)); break; }
        case 0x1D: JCSystem.makeTransientBooleanArray((short) 1, (byte) 0); break;
        case 0x1E: JCSystem.makeTransientObjectArray((short) -1, JCSystem.CLEAR_ON_RESET); break;
        case 0x1F: JCSystem.makeTransientShortArray((short) 32767, JCSystem.CLEAR_ON_RESET); break;
        case 0x20: put(JCSystem.getAvailableMemory(JCSystem.MEMORY_TYPE_PERSISTENT) > 0); put(JCSystem.getAvailableMemory(JCSystem.MEMORY_TYPE_TRANSIENT_DESELECT) > 0); break;
        case 0x21: JCSystem.getAvailableMemory((byte) 3); break;

        case 0x28: { byte[] a = (byte[]) JCSystem.makeGlobalArray(JCSystem.ARRAY_TYPE_BYTE, (short) 5); a[4] = 7; put((short) a.length); put(a[4]); put(a[3]); put(JCSystem.isTransient(a)); break; }
        case 0x29: { boolean[] a = (boolean[]) JCSystem.makeGlobalArray(JCSystem.ARRAY_TYPE_BOOLEAN, (short) 2); put((short) a.length); put(a[1]); break; }
        case 0x2A: { short[] a = (short[]) JCSystem.makeGlobalArray(JCSystem.ARRAY_TYPE_SHORT, (short) 2); a[1] = 0x1234; put(a[1]); break; }
        case 0x2B: { Object[] a = (Object[]) JCSystem.makeGlobalArray(JCSystem.ARRAY_TYPE_OBJECT, (short) 2); a[0] = this; put(a[0] == this); break; }
        case 0x2C: put(JCSystem.makeGlobalArray(JCSystem.ARRAY_TYPE_INT, (short) 2) != null); break;
        case 0x2D: kept = JCSystem.makeGlobalArray(JCSystem.ARRAY_TYPE_BYTE, (short) 5); break;
        case 0x2E: JCSystem.makeGlobalArray((byte) 6, (short) 5); break;
        case 0x2F: JCSystem.makeGlobalArray(JCSystem.ARRAY_TYPE_BYTE, (short) -1); break;
        case 0x30: for (byte i = 0; i < 4; i++) JCSystem.makeGlobalArray(JCSystem.ARRAY_TYPE_SHORT, (short) 8000); break;
        case 0x31: JCSystem.makeGlobalArray(JCSystem.ARRAY_TYPE_SHORT, (short) 12000); put((byte) 1); break;

        case 0x38: put(open.flag()); open.flag(true); put(open.flag()); put(open.isValidated()); open.reset(); put(open.flag()); break;
        case 0x39: pin(plain, good); pin(plain, bad); plain.reset(); break;
        case 0x3A: ((OwnerPIN) plain).update(good, O, (byte) 4); pin(plain, good); plain.reset(); put(plain.isValidated()); put(plain.getTriesRemaining()); break;
        case 0x3B: plain.check(null, O, (byte) 4); break;
        case 0x3C: plain.check(good, O, (byte) -1); break;
        case 0x3D: put(plain.getTriesRemaining()); break;

        case 0x40: put(x.getTryLimit()); pin(x, bad); pin(x, good); x.reset(); break;
        case 0x41: pin(x, good); x.setTryLimit((byte) 5); put(x.getTryLimit()); put(x.getTriesRemaining()); put(x.isValidated()); break;
        case 0x42: pin(x, good); x.setTriesRemaining((byte) 1); put(x.getTriesRemaining()); put(x.isValidated()); pin(x, bad); pin(x, good); break;
        case 0x43: x.setTriesRemaining((byte) 0); pin(x, good); x.update(bad, O, (byte) 4); pin(x, bad); x.update(good, O, (byte) 4); put(x.isValidated()); break;
        case 0x44: x.setTryLimit((byte) 0); break;
        case 0x45: x.setTriesRemaining((byte) -1); break;
        case 0x46: x.setTriesRemaining((byte) 6); break;
        case 0x47: x.update(store, O, (byte) 9); break;
        // Administration takes part in a transaction, presentation does not.
        case 0x48: JCSystem.beginTransaction(); x.setTryLimit((byte) 2); put(x.getTryLimit()); JCSystem.abortTransaction(); put(x.getTryLimit());
            JCSystem.beginTransaction(); pin(x, bad); JCSystem.abortTransaction(); put(x.getTriesRemaining()); x.setTriesRemaining(x.getTryLimit()); break;

        case 0x50: put(pre.decrementTriesRemaining()); pin(pre, good); put(pre.getTryLimit()); break;
        case 0x51: put(pre.decrementTriesRemaining()); pin(pre, bad); pre.setTriesRemaining((byte) 3); break;
        case 0x52: pre.check(good, O, (byte) 4); break;
        case 0x53: pre.decrementTriesRemaining(); pre.check(good, O, (byte) 4); pre.check(good, O, (byte) 4); break;
        case 0x54: pre.decrementTriesRemaining(); pre.reset(); pre.check(good, O, (byte) 4); break;
        // The last try may still be the right one.
        case 0x55: pre.setTriesRemaining((byte) 1); put(pre.decrementTriesRemaining()); pin(pre, good); break;
        case 0x56: pre.setTriesRemaining((byte) 0); put(pre.decrementTriesRemaining()); pin(pre, good); pre.setTriesRemaining((byte) 3); break;
        case 0x57: pre.decrementTriesRemaining(); pre.check(null, O, (byte) 4); break;
        case 0x58: put(pre.getTriesRemaining()); put(pre.isValidated()); pre.update(good, O, (byte) 4); put(pre.getTriesRemaining()); break;
        case 0x59: OwnerPINBuilder.buildOwnerPIN((byte) 3, (byte) 8, (byte) 4); break;
        case 0x5A: OwnerPINBuilder.buildOwnerPIN((byte) 0, (byte) 8, OwnerPINBuilder.OWNER_PIN_X); break;
        case 0x5B: OwnerPINBuilder.buildOwnerPIN((byte) 3, (byte) 0, OwnerPINBuilder.OWNER_PIN_X); break;

        case 0x60: put(APDU.getInBlockSize() > 0); put(APDU.getOutBlockSize() > 0); APDU.waitExtension(); put(apdu.getNAD()); put(apdu.getLogicalChannelEncoding()); break;
        case 0x61: apdu.setOutgoingNoChaining(); apdu.setOutgoingLength((short) 2); b[0] = 5; b[1] = 6; apdu.sendBytes(O, (short) 2); break;
        case 0x62: apdu.setOutgoingNoChaining(); apdu.setOutgoingNoChaining(); break;
        case 0x63: apdu.receiveBytes(O); break;
        case 0x64: apdu.getIncomingLength(); break;

        case 0x68: put(Util.makeShort((byte) 0x12, (byte) 0xFE)); break;
        case 0x69: put(Util.arrayCompare(good, O, bad, O, (short) 4)); put(Util.arrayCompare(bad, O, good, O, (short) 4)); put(Util.arrayCompare(good, O, good, O, (short) 4)); put(Util.arrayCompare(good, O, bad, O, O)); break;
        case 0x6A: Util.arrayCompare(good, (short) 1, bad, O, (short) 4); break;
        case 0x6B: Util.arrayCompare(null, O, bad, O, (short) 4); break;
        case 0x6C: put(Util.arrayFill(store, (short) 1, (short) 2, (byte) 9)); put(store[1]); put(store[3]); put(Util.arrayFillNonAtomic(store, O, (short) 2, (byte) 0)); break;
        case 0x6D: Util.arrayFill(store, (short) 30, (short) 3, (byte) 9); break;
        case 0x6E: Util.arrayFillNonAtomic(null, O, (short) 3, (byte) 9); break;
        case 0x6F: Util.setShort(store, (short) 31, (short) 0); break;
        case 0x70: put(Util.arrayCopy(good, O, store, (short) 4, (short) 4)); put(Util.arrayCopyNonAtomic(store, (short) 4, store, (short) 6, (short) 4)); put(store, (short) 4, (short) 6); break;
        case 0x71: Util.arrayCopyNonAtomic(good, O, null, O, (short) 1); break;
        case 0x72: Util.arrayCopy(good, (short) -1, store, O, (short) 1); break;

        case 0x78: new AID(null, O, (byte) 5); break;
        case 0x79: new AID(store, O, (byte) 17); break;
        case 0x7A: new AID(store, (short) 30, (byte) 5); break;
        case 0x7B: JCSystem.getAID().getBytes(store, (short) 30); break;
        case 0x7C: JCSystem.getAID().getPartialBytes((short) 20, store, O, (byte) 0); break;
        case 0x7D: { AID me = JCSystem.getAID(); put(me.getPartialBytes((short) 8, store, O, (byte) 0)); put(me.equals(null, O, (byte) 0)); put(me.partialEquals(null, O, (byte) 0)); put(me.RIDEquals(null)); put(me.equals((Object) null)); break; }
        case 0x7E: JCSystem.getAID().partialEquals(store, O, (byte) 33); break;
        case 0x7F: JCSystem.isAppletActive(null); break;
        default: sensitive(which); break;
        }
    }

    /** Tries a PIN: the result, the tries left, the flag. */
    void pin(PIN pin, byte[] value) {
        put(pin.check(value, O, (byte) 4)); put(pin.getTriesRemaining()); put(pin.isValidated());
    }

    void sensitive(byte which) {
        switch (which) {
        case (byte) 0x80: put(SensitiveArrays.isIntegritySensitiveArraysSupported()); put(SensitiveArrays.isIntegritySensitive(store)); break;
        case (byte) 0x81: { byte[] a = (byte[]) SensitiveArrays.makeIntegritySensitiveArray(JCSystem.ARRAY_TYPE_BYTE, JCSystem.MEMORY_TYPE_PERSISTENT, (short) 4); kept = a;
            put(SensitiveArrays.isIntegritySensitive(a)); put(JCSystem.isTransient(a)); a[1] = 5; Util.arrayCopy(good, O, a, (short) 2, (short) 2); SensitiveArrays.assertIntegrity(a); put(a, O, (short) 4);
            JCSystem.beginTransaction(); a[0] = 9; Util.arrayFill(a, O, (short) 4, (byte) 8); SensitiveArrays.assertIntegrity(a); JCSystem.abortTransaction(); SensitiveArrays.assertIntegrity(a); put(a, O, (short) 4); break; }
        case (byte) 0x87: { byte[] a = (byte[]) kept; put(SensitiveArrays.isIntegritySensitive(a)); SensitiveArrays.assertIntegrity(a); put(SensitiveArrays.clearArray(a)); SensitiveArrays.assertIntegrity(a); put(a, O, (short) 4); kept = null; break; }
        case (byte) 0x88: { short[] a = (short[]) SensitiveArrays.makeIntegritySensitiveArray(JCSystem.ARRAY_TYPE_SHORT, JCSystem.MEMORY_TYPE_TRANSIENT_RESET, (short) 3); a[2] = 0x1234; SensitiveArrays.assertIntegrity(a); put(JCSystem.isTransient(a)); put(a[2]); put(SensitiveArrays.clearArray(a)); put(a[2]); break; }
        case (byte) 0x89: { Object[] a = (Object[]) SensitiveArrays.makeIntegritySensitiveArray(JCSystem.ARRAY_TYPE_OBJECT, JCSystem.MEMORY_TYPE_TRANSIENT_DESELECT, (short) 2); a[0] = this; SensitiveArrays.assertIntegrity(a); SensitiveArrays.clearArray(a); put(a[0] == null); SensitiveArrays.assertIntegrity(a); break; }
        case (byte) 0x8A: Util.arrayCopyNonAtomic(good, O, (byte[]) kept, O, (short) 1); break;
        case (byte) 0x8B: Util.arrayFillNonAtomic((byte[]) kept, O, (short) 1, (byte) 1); break;
        case (byte) 0x8C: { byte[] a = (byte[]) SensitiveArrays.makeIntegritySensitiveArray(JCSystem.ARRAY_TYPE_BYTE, JCSystem.MEMORY_TYPE_TRANSIENT_RESET, (short) 4); put(Util.arrayCopyNonAtomic(good, O, a, O, (short) 4)); SensitiveArrays.assertIntegrity(a); break; }
        case (byte) 0x8D: SensitiveArrays.makeIntegritySensitiveArray(JCSystem.ARRAY_TYPE_BYTE, (byte) 3, (short) 4); break;
        case (byte) 0x8F: SensitiveArrays.isIntegritySensitive(null); break;
        case (byte) 0x8E: SensitiveArrays.makeIntegritySensitiveArray(JCSystem.ARRAY_TYPE_BYTE, JCSystem.MEMORY_TYPE_PERSISTENT, (short) -1); break;
        case (byte) 0x82: SensitiveArrays.makeIntegritySensitiveArray((byte) 9, JCSystem.MEMORY_TYPE_PERSISTENT, (short) 4); break;
        case (byte) 0x83: SensitiveArrays.assertIntegrity(store); break;
        case (byte) 0x84: SensitiveArrays.assertIntegrity(null); break;
        case (byte) 0x85: SensitiveArrays.clearArray(store); break;
        case (byte) 0x86: SensitiveArrays.clearArray(null); break;
        default: ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
    }
}
