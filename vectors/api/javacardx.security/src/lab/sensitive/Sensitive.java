package lab.sensitive;

import javacard.framework.*;
import javacardx.framework.math.BigNumber;
import javacardx.security.SensitiveResult;
import lab.cases.Cases;

/** javacardx.security.SensitiveResult: what sensitive methods leave. */
public class Sensitive extends Cases {
    final OwnerPIN pin = new OwnerPIN((byte) 3, (byte) 8);
    final OwnerPINxWithPredecrement pre = (OwnerPINxWithPredecrement) OwnerPINBuilder.buildOwnerPIN((byte) 3, (byte) 8, OwnerPINBuilder.OWNER_PIN_X_WITH_PREDECREMENT);
    final byte[] good = {1, 2, 3, 4};
    final byte[] bad = {4, 3, 2, 1};

    public static void install(byte[] b, short o, byte l) {
        Sensitive applet = new Sensitive();
        applet.pin.update(applet.good, O, (byte) 4);
        applet.pre.update(applet.good, O, (byte) 4);
        applet.register();
    }

    protected void run(byte which, APDU apdu) {
        AID me = JCSystem.getAID();
        SensitiveResult.reset();
        switch (which) {
        case 0x00: pin.check(good, O, (byte) 4); SensitiveResult.assertTrue(); pin.isValidated(); SensitiveResult.assertTrue(); pin.check(bad, O, (byte) 4); SensitiveResult.assertFalse(); pin.getTriesRemaining(); SensitiveResult.assertEquals((short) 2); break;
        case 0x01: pin.check(bad, O, (byte) 4); SensitiveResult.assertTrue(); break;
        case 0x02: pin.check(good, O, (byte) 4); SensitiveResult.assertFalse(); break;
        case 0x03: Util.arrayCompare(good, O, bad, O, (short) 4); SensitiveResult.assertNegative(); Util.arrayCompare(bad, O, good, O, (short) 4); SensitiveResult.assertPositive(); Util.arrayCompare(bad, O, bad, O, (short) 4); SensitiveResult.assertZero(); break;
        case 0x04: Util.arrayCompare(bad, O, bad, O, (short) 4); SensitiveResult.assertNegative(); break;
        case 0x05: Util.arrayCompare(bad, O, bad, O, (short) 4); SensitiveResult.assertPositive(); break;
        case 0x06: Util.arrayCompare(good, O, bad, O, (short) 4); SensitiveResult.assertZero(); break;
        case 0x07: Util.arrayCopy(good, O, new byte[8], (short) 2, (short) 4); SensitiveResult.assertEquals((short) 6); SensitiveResult.assertGreaterThan((short) 5); SensitiveResult.assertLessThan((short) 7); break;
        case 0x08: Util.arrayFill(new byte[8], O, (short) 4, (byte) 1); SensitiveResult.assertGreaterThan((short) 4); break;
        case 0x09: Util.arrayFillNonAtomic(new byte[8], O, (short) 4, (byte) 1); SensitiveResult.assertLessThan((short) 4); break;
        case 0x0A: Util.arrayCopyNonAtomic(good, O, new byte[8], O, (short) 4); SensitiveResult.assertEquals((short) 5); break;
        case 0x0B: me = JCSystem.getAID(); SensitiveResult.assertEquals(me); JCSystem.getPreviousContextAID(); SensitiveResult.assertEquals(null); me.equals(me); SensitiveResult.assertTrue(); me.RIDEquals(null); SensitiveResult.assertFalse(); break;
        case 0x0C: JCSystem.getAID(); SensitiveResult.assertEquals((Object) this); break;
        // A boolean is no short, a short no object.
        case 0x0D: pin.isValidated(); SensitiveResult.assertEquals((short) 0); break;
        case 0x0E: pin.getTriesRemaining(); SensitiveResult.assertEquals((Object) null); break;
        case 0x0F: SensitiveResult.assertTrue(); break;
        case 0x10: SensitiveResult.assertZero(); break;
        case 0x11: SensitiveResult.assertEquals((Object) null); break;
        case 0x12: pin.check(good, O, (byte) 4); SensitiveResult.reset(); SensitiveResult.assertTrue(); break;
        // An exception leaves nothing.
        case 0x13: pin.check(good, O, (byte) 4); try { Util.arrayCompare(null, O, bad, O, (short) 4); } catch (NullPointerException e) { } SensitiveResult.assertTrue(); break;
        // A method that is not sensitive changes nothing.
        case 0x14: pin.check(good, O, (byte) 4); Util.makeShort((byte) 0, (byte) 0); pin.reset(); SensitiveResult.assertTrue(); break;
        case 0x15: pre.decrementTriesRemaining(); SensitiveResult.assertEquals((short) 2); pre.check(good, O, (byte) 4); SensitiveResult.assertTrue(); pre.getTryLimit(); SensitiveResult.assertEquals((short) 3); break;
        case 0x16: { BigNumber one = new BigNumber((short) 8); one.compareTo(one); SensitiveResult.assertZero(); one.compareTo(good, O, (short) 4, BigNumber.FORMAT_HEX); SensitiveResult.assertNegative(); break; }
        case 0x17: pin.check(good, O, (byte) 4); return;
        default: ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        put((byte) 1);
    }

    /** Asks what the command before left, before anything else. */
    protected boolean special(APDU apdu) {
        if (apdu.getBuffer()[ISO7816.OFFSET_P1] != 0x18) return false;
        try { SensitiveResult.assertTrue(); } catch (SecurityException e) { ISOException.throwIt((short) 0x6A18); }
        return true;
    }
}
