package lab.math;

import javacard.framework.*;
import javacardx.framework.math.*;
import lab.cases.Cases;

/** javacardx.framework.math. The data of a command is the operand. */
public class Maths extends Cases {
    static final byte BCD = BigNumber.FORMAT_BCD;
    static final byte HEX = BigNumber.FORMAT_HEX;
    final BigNumber number = new BigNumber((short) 8);
    final byte[] bytes = new byte[16];

    public static void install(byte[] b, short o, byte l) { new Maths().register(); }

    void show() {
        number.toBytes(bytes, O, (short) 8, HEX);
        put(bytes, O, (short) 8);
    }

    protected void run(byte which, APDU apdu) {
        byte[] b = apdu.getBuffer();
        short c = ISO7816.OFFSET_CDATA;
        short n = apdu.setIncomingAndReceive();
        switch (which) {
        case 0x00: new BCDUtil(); put(BCDUtil.getMaxBytesSupported() >= 8); put(BigNumber.getMaxBytesSupported() >= 8); new ParityBit(); break;
        case 0x01: n = BCDUtil.convertToHex(b, c, n, b, O); put(b, O, n); break;
        case 0x02: n = BCDUtil.convertToBCD(b, c, n, b, (short) 3); put(b, (short) 3, n); break;
        case 0x03: put(BCDUtil.isBCDFormat(b, c, n)); break;
        case 0x04: BCDUtil.convertToHex(null, O, (short) 1, bytes, O); break;
        case 0x05: BCDUtil.convertToBCD(bytes, (short) 16, (short) 1, bytes, O); break;
        case 0x06: BCDUtil.convertToHex(b, c, n, bytes, (short) 16); break;
        case 0x07: BCDUtil.convertToBCD(bytes, O, (short) 1, null, O); break;
        case 0x08: { byte[] many = new byte[300]; BCDUtil.convertToBCD(many, O, (short) 257, many, O); break; }
        case 0x09: { byte[] many = new byte[400]; Util.arrayFill(many, O, (short) 400, (byte) 0x99); BCDUtil.convertToHex(many, O, (short) 400, many, O); break; }

        case 0x10: number.init(b, c, n, HEX); show(); break;
        case 0x11: number.init(b, c, n, BCD); show(); break;
        case 0x12: number.add(b, c, n, HEX); show(); break;
        case 0x13: number.add(b, c, n, BCD); show(); break;
        case 0x14: number.subtract(b, c, n, HEX); show(); break;
        case 0x15: number.subtract(b, c, n, BCD); show(); break;
        case 0x16: number.multiply(b, c, n, HEX); show(); break;
        case 0x17: number.multiply(b, c, n, BCD); show(); break;
        case 0x18: put(number.compareTo(b, c, n, HEX)); break;
        case 0x19: put(number.compareTo(b, c, n, BCD)); break;
        case 0x1A: { BigNumber other = new BigNumber((short) 16); other.init(b, c, n, HEX); put(number.compareTo(other)); put(other.compareTo(number)); put(number.compareTo(number)); break; }
        case 0x1B: number.compareTo(null); break;
        case 0x1C: put(number.getByteLength(HEX)); put(number.getByteLength(BCD)); break;
        case 0x1D: number.toBytes(bytes, O, b[c], BCD); put(bytes, O, b[c]); break;
        case 0x1E: number.reset(); show(); break;
        case 0x1F: number.setMaximum(b, c, n, HEX); break;
        case 0x20: number.setMaximum(b, c, n, BCD); break;
        case 0x21: show(); break;
        case 0x22: number.getByteLength((byte) 3); break;
        case 0x23: number.toBytes(bytes, O, (short) 8, (byte) 0); break;
        case 0x24: number.toBytes(bytes, O, O, HEX); break;
        case 0x25: number.toBytes(null, O, (short) 8, HEX); break;
        case 0x26: number.toBytes(bytes, (short) 9, (short) 8, HEX); break;
        case 0x27: number.init(null, O, (short) 1, HEX); break;
        case 0x28: number.add(bytes, (short) 15, (short) 2, HEX); break;
        case 0x29: number.init(b, c, n, (byte) 3); break;
        case 0x2A: new BigNumber((short) 0); break;
        case 0x2B: new BigNumber((short) 257); break;
        case 0x2C: JCSystem.beginTransaction(); number.add(b, c, n, HEX); show(); JCSystem.abortTransaction(); show(); break;

        case 0x30: ParityBit.set(b, c, n, true); put(b, c, n); break;
        case 0x31: ParityBit.set(b, c, n, false); put(b, c, n); break;
        case 0x32: ParityBit.set(null, O, O, true); break;
        case 0x33: ParityBit.set(bytes, (short) 1, (short) 16, true); break;
        case 0x34: ParityBit.set(bytes, O, (short) -1, true); break;
        default: ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
    }
}
