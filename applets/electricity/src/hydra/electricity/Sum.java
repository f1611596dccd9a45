package hydra.electricity;

import javacard.framework.Util;

/**
 * Exact sums beyond 32 bits: unsigned big-endian numbers of {@link #SIZE} bytes inside byte arrays.
 *
 * <p>12 bytes hold any product of a 48-bit energy and a 32-bit price with room for the rounding. There are no signs and no
 * overflow that a tariff document can reach.
 */
final class Sum {
    /** Bytes of a number. */
    static final short SIZE = 12;

    private Sum() {}

    /** number := value. */
    static void set(byte[] number, short at, int value) {
        Util.arrayFillNonAtomic(number, at, SIZE, (byte) 0);
        putInt(number, (short) (at + SIZE - 4), value);
    }

    /** number := the `length` bytes at `from`. */
    static void set(byte[] number, short at, byte[] bytes, short from, short length) {
        short zeros = (short) (SIZE - length);
        Util.arrayFillNonAtomic(number, at, zeros, (byte) 0);
        Util.arrayCopyNonAtomic(bytes, from, number, (short) (at + zeros), length);
    }

    /** number := number + value, value unsigned. */
    static void add(byte[] number, short at, int value) {
        int carry = 0;
        for (short i = SIZE - 1; i >= 0; i--) {
            short place = (short) (at + i);
            carry += (number[place] & 0xFF) + (value & 0xFF);
            number[place] = (byte) carry;
            carry >>= 8;
            value >>>= 8;
        }
    }

    /** number := number + other. */
    static void add(byte[] number, short at, byte[] other, short from) {
        int carry = 0;
        for (short i = SIZE - 1; i >= 0; i--) {
            short place = (short) (at + i);
            carry += (number[place] & 0xFF) + (other[(short) (from + i)] & 0xFF);
            number[place] = (byte) carry;
            carry >>= 8;
        }
    }

    /** number := number × (high × 65536 + low), the factors' halves unsigned. */
    static void multiply(byte[] number, short at, short high, short low, byte[] scratch, short spare) {
        Util.arrayCopyNonAtomic(number, at, scratch, spare, SIZE);
        multiply(number, at, high);
        Util.arrayCopyNonAtomic(number, (short) (at + 2), number, at, (short) (SIZE - 2));
        Util.setShort(number, (short) (at + SIZE - 2), (short) 0);
        multiply(scratch, spare, low);
        add(number, at, scratch, spare);
    }

    /** number := number / divisor, rounded down; divisor 1 to 32767. */
    static void divide(byte[] number, short at, short divisor) {
        int remainder = 0;
        for (short i = 0; i < SIZE; i++) {
            short place = (short) (at + i);
            remainder = (remainder << 8) | (number[place] & 0xFF);
            number[place] = (byte) (remainder / divisor);
            remainder %= divisor;
        }
    }

    /** number := number / divisor, rounded to the nearest, halves up; divisor even, 2 to 32766. */
    static void round(byte[] number, short at, short divisor) {
        add(number, at, divisor / 2);
        divide(number, at, divisor);
    }

    /** The 32 bits at `at`. */
    static int getInt(byte[] bytes, short at) {
        return (Util.getShort(bytes, at) << 16) | (Util.getShort(bytes, (short) (at + 2)) & 0xFFFF);
    }

    /** Writes 32 bits at `at`. */
    static void putInt(byte[] bytes, short at, int value) {
        bytes[at] = (byte) (value >> 24);
        bytes[(short) (at + 1)] = (byte) (value >> 16);
        bytes[(short) (at + 2)] = (byte) (value >> 8);
        bytes[(short) (at + 3)] = (byte) value;
    }

    /** Whether a < b, both unsigned. */
    static boolean below(int a, int b) {
        return (a ^ 0x80000000) < (b ^ 0x80000000);
    }

    private static void multiply(byte[] number, short at, short factor) {
        int wide = factor & 0xFFFF;
        int carry = 0;
        for (short i = SIZE - 1; i >= 0; i--) {
            short place = (short) (at + i);
            carry += (number[place] & 0xFF) * wide;
            number[place] = (byte) carry;
            carry >>>= 8;
        }
    }
}
