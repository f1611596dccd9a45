package lab.util;

import javacard.framework.*;
import javacardx.framework.util.*;
import javacardx.framework.util.intx.JCint;
import lab.cases.Cases;

/** javacardx.framework.util and .intx. */
public class Arrays extends Cases {
    final byte[] bytes = {1, 2, 3, 4, 5, 6, 7, 8, (byte) 0x80};
    final short[] shorts = {0x0102, 0x0304, (short) 0x8000, 0x7FFF};
    final int[] ints = {0x01020304, 0x05060708, -1};
    final boolean[] booleans = new boolean[2];

    public static void install(byte[] b, short o, byte l) { new Arrays().register(); }

    void show(short[] a) { for (short i = 0; i < a.length; i++) put(a[i]); }
    void show(int[] a) { for (short i = 0; i < a.length; i++) put(a[i]); }

    protected void run(byte which, APDU apdu) {
        byte[] b = new byte[8];
        short[] s = new short[4];
        int[] n = new int[2];
        short one = 1, two = 2, three = 3, four = 4;
        switch (which) {
        case 0x00: put(ArrayLogic.arrayCopyRepack(bytes, O, four, s, one)); show(s); break;
        case 0x01: put(ArrayLogic.arrayCopyRepack(bytes, O, (short) 8, n, O)); show(n); break;
        case 0x02: put(ArrayLogic.arrayCopyRepack(shorts, O, two, n, one)); show(n); break;
        case 0x03: put(ArrayLogic.arrayCopyRepack(shorts, two, two, b, one)); put(b, O, (short) 8); break;
        case 0x04: put(ArrayLogic.arrayCopyRepack(ints, O, one, s, two)); show(s); break;
        case 0x05: put(ArrayLogic.arrayCopyRepackNonAtomic(ints, O, two, b, O)); put(b, O, (short) 8); break;
        case 0x06: { short[] a = {1, 2, 3, 4}; put(ArrayLogic.arrayCopyRepackNonAtomic(a, O, three, a, one)); show(a); break; }
        case 0x07: ArrayLogic.arrayCopyRepack(bytes, O, three, s, O); break;
        case 0x08: ArrayLogic.arrayCopyRepack(shorts, O, one, n, O); break;
        case 0x09: ArrayLogic.arrayCopyRepack(booleans, O, one, b, O); break;
        case 0x0A: ArrayLogic.arrayCopyRepack(bytes, O, one, this, O); break;
        case 0x0B: ArrayLogic.arrayCopyRepack(null, O, one, b, O); break;
        case 0x0C: ArrayLogic.arrayCopyRepack(bytes, O, (short) 10, b, O); break;
        case 0x0D: ArrayLogic.arrayCopyRepack(ints, O, three, b, O); break;
        case 0x0E: ArrayLogic.arrayCopyRepackNonAtomic(bytes, (short) -1, one, b, O); break;
        case 0x0F: ArrayLogic.arrayCopyRepackNonAtomic(bytes, O, one, null, O); break;
        case 0x10: JCSystem.beginTransaction(); ArrayLogic.arrayCopyRepack(bytes, four, four, shorts, O); put(shorts[0]); ArrayLogic.arrayCopyRepackNonAtomic(bytes, O, two, shorts, three); JCSystem.abortTransaction(); show(shorts); shorts[3] = 0x7FFF; break;
        case 0x11: { short[] many = new short[16000]; JCSystem.beginTransaction(); try { ArrayLogic.arrayFillGeneric(many, O, (short) 16000, shorts, O); } finally { put(many[0]); } break; }
        case 0x12: { short[] many = new short[16000]; JCSystem.beginTransaction(); ArrayLogic.arrayFillGenericNonAtomic(many, O, (short) 16000, shorts, O); put(many[15999]); break; }

        case 0x18: put(ArrayLogic.arrayFillGeneric(b, one, two, bytes, one)); put(b, O, four); break;
        case 0x19: put(ArrayLogic.arrayFillGeneric(s, one, two, shorts, two)); show(s); break;
        case 0x1A: put(ArrayLogic.arrayFillGenericNonAtomic(n, O, two, ints, one)); show(n); break;
        case 0x1B: ArrayLogic.arrayFillGeneric(s, O, one, bytes, O); break;
        case 0x1C: ArrayLogic.arrayFillGenericNonAtomic(s, O, one, this, O); break;
        case 0x1D: ArrayLogic.arrayFillGeneric(s, four, one, shorts, O); break;
        case 0x1E: ArrayLogic.arrayFillGenericNonAtomic(s, O, one, shorts, four); break;
        case 0x1F: ArrayLogic.arrayFillGeneric(s, O, one, null, O); break;

        case 0x20: put(ArrayLogic.arrayCompareGeneric(bytes, O, bytes, one, two)); put(ArrayLogic.arrayCompareGeneric(bytes, (short) 8, bytes, O, one)); break;
        case 0x21: put(ArrayLogic.arrayCompareGeneric(shorts, two, shorts, three, one)); put(ArrayLogic.arrayCompareGeneric(shorts, three, shorts, two, one)); put(ArrayLogic.arrayCompareGeneric(shorts, O, shorts, O, four)); break;
        case 0x22: put(ArrayLogic.arrayCompareGeneric(ints, two, ints, O, one)); put(ArrayLogic.arrayCompareGeneric(ints, one, ints, O, one)); put(ArrayLogic.arrayCompareGeneric(ints, one, ints, O, O)); break;
        case 0x23: ArrayLogic.arrayCompareGeneric(shorts, O, ints, O, one); break;
        case 0x24: ArrayLogic.arrayCompareGeneric(booleans, O, booleans, O, one); break;
        case 0x25: ArrayLogic.arrayCompareGeneric(shorts, O, shorts, three, two); break;
        case 0x26: ArrayLogic.arrayCompareGeneric(shorts, O, null, O, one); break;

        case 0x28: put(ArrayLogic.arrayFindGeneric(bytes, O, bytes, four)); put(ArrayLogic.arrayFindGeneric(bytes, (short) 5, bytes, four)); put(ArrayLogic.arrayFindGeneric(bytes, (short) 9, bytes, O)); break;
        case 0x29: put(ArrayLogic.arrayFindGeneric(shorts, O, bytes, two)); put(ArrayLogic.arrayFindGeneric(shorts, O, bytes, one)); break;
        case 0x2A: put(ArrayLogic.arrayFindGeneric(ints, O, bytes, four)); break;
        case 0x2B: ArrayLogic.arrayFindGeneric(bytes, (short) 10, bytes, O); break;
        case 0x2C: ArrayLogic.arrayFindGeneric(ints, O, bytes, (short) 6); break;
        case 0x2D: ArrayLogic.arrayFindGeneric(booleans, O, bytes, O); break;
        case 0x2E: ArrayLogic.arrayFindGeneric(null, O, bytes, O); break;
        case 0x2F: ArrayLogic.arrayFindGeneric(bytes, O, null, O); break;

        case 0x30: put(JCint.makeInt((byte) 0x81, (byte) 2, (byte) 3, (byte) 0xFE)); put(JCint.makeInt((short) 0x8001, (short) 0xFFFE)); break;
        case 0x31: put(JCint.getInt(bytes, one)); break;
        case 0x32: put(JCint.setInt(b, two, 0x89ABCDEF)); put(b, O, (short) 8); break;
        case 0x33: { int[] a = JCint.makeTransientIntArray(three, JCSystem.CLEAR_ON_DESELECT); a[2] = 0x12345678; put((short) a.length); put(a[2]); put(JCSystem.isTransient(a)); break; }
        case 0x34: JCint.getInt(null, O); break;
        case 0x35: JCint.getInt(bytes, (short) 6); break;
        case 0x36: JCint.setInt(null, O, 1); break;
        case 0x37: JCint.setInt(b, (short) -1, 1); break;
        case 0x38: JCint.makeTransientIntArray((short) -1, JCSystem.CLEAR_ON_RESET); break;
        case 0x39: JCint.makeTransientIntArray(one, (byte) 0); break;
        case 0x3A: JCint.makeTransientIntArray((short) 32767, JCSystem.CLEAR_ON_RESET); break;
        case 0x3B: JCSystem.beginTransaction(); JCint.setInt(bytes, O, -1); put(bytes[0]); JCSystem.abortTransaction(); put(bytes[0]); break;
        case 0x40: UtilException.throwIt(UtilException.TYPE_MISMATCHED); break;
        case 0x41: throw new UtilException(UtilException.ILLEGAL_VALUE);
        default: ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
    }
}
