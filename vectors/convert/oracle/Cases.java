package oracle;

/** One construct a method. Every public static method is run on the JVM and on the card's VM with edge values, and must answer alike. */
public class Cases {
    static byte sb;
    static short ss;
    static int si;
    static boolean sz;
    static final byte[] BYTES = {1, -2, 3, (byte) 0x80, 127};
    static final short[] SHORTS = {1, -2, 300, (short) 0x8000, 32767};
    static final int[] INTS = {1, -2, 70000, 0x80000000, 0x7FFFFFFF};
    static final boolean[] FLAGS = {true, false, true};
    static short preset = 0x1234;
    static int wide = 0x12345678;
    static byte small = -5;
    static boolean on = true;
    static final int BIG = 100000;

    byte fb;
    short fs;
    int fi;
    boolean fz;
    Cases next;
    byte[] array;

    // locals and increments
    public static int intLoop(short n) { int sum = 0; for (int i = 0; i < (n & 63); i++) sum += i * i; return sum; }
    public static short shortLoop(short n) { short sum = 0; for (short i = 0; i < (n & 63); i++) sum += i; return sum; }
    public static short wrapUp(short a) { a++; return a; }
    public static short wrapDown(short a) { a--; return a; }
    public static byte byteUp(byte a) { a++; return a; }
    public static short addBig(short a) { a += 1000; a -= 3; a += 40000; return a; }
    public static int intUp(int a) { a++; a += 1000; a += 100000; return a; }
    public static short postInLocal(short a) { short b = a++; return (short) (a * 3 + b); }
    public static short preInLocal(short a) { short b = ++a; return (short) (a * 3 + b); }
    public static int narrowInt(short a) { int x = a; x = x * 2; return x; }
    public static short onlyLow(int a, int b) { int x = a * b; x += 7; return (short) x; }
    public static short lowThenHigh(int a) { int x = a + 1; short low = (short) x; return (short) (low + (x >> 16)); }
    public static byte chain(short a, short b) { return (byte) ((a + b) * (a - b) >> 3); }
    public static int slots(short a) { int r = 0; { int x = a * 5; r += x; } { short y = (short) (a - 1); r -= y; } { byte[] z = new byte[3]; r += z.length; } return r; }
    public static short manyLocals(short a, short b, short c) { short d = (short) (a + b), e = (short) (b + c), f = (short) (d ^ e); int g = d * e; byte h = (byte) g; return (short) (f + h + (g >>> 7)); }

    // comparisons
    public static boolean less(short a, short b) { return a < b; }
    public static boolean sumLess(short a, short b) { return a + b < 32767; }
    public static boolean sumPositive(short a, short b) { return a + b > 0; }
    public static boolean differenceNegative(short a, short b) { return a - b < 0; }
    public static boolean productEquals(short a, short b) { return a * b == 0x10000; }
    public static boolean intLess(int a, int b) { return a < b; }
    public static boolean mixed(byte a, int b) { return a >= b; }
    public static boolean shiftSign(short a) { return (a << 4) < 0; }
    public static boolean zeroAfterShift(short a) { return (a << 16) == 0; }
    public static boolean logic(short a, short b) { return (a > 0 && b > 0) || !(a == b) ^ (a != 3); }
    public static boolean bits(boolean a, boolean b) { return a & !b | a ^ b; }
    public static short ternary(short a, short b) { return a > b ? a : b; }
    public static int ternaryMixed(boolean c, short a, int b) { return c ? a : b; }
    public static short ternaryCast(boolean c, short a, int b) { return (short) (c ? a + 1 : b); }
    public static int ternaryDeep(short a, int b) { return 3 + (a > 0 ? (a > 5 ? b : a) : b - 1) * 2; }
    public static boolean unsignedLess(int a, int b) { return (a ^ 0x80000000) < (b ^ 0x80000000); }

    // shifts and signs
    public static short ushrShort(short a, byte n) { return (short) (a >>> n); }
    public static byte ushrByte(byte a, byte n) { return (byte) (a >>> n); }
    public static int ushrInt(short a, byte n) { return a >>> n; }
    public static short shlShort(short a, byte n) { return (short) (a << n); }
    public static short shrByInt(short a, int n) { return (short) (a >> n); }
    public static int shlExact(short a, byte n) { return a << n; }
    public static short ushrMasked(short a) { return (short) ((a & 0xFFFF) >>> 3); }
    public static short unsignedHigh(short a) { return (short) ((a >> 8) & 0xFF); }
    public static short join(byte a, byte b) { return (short) ((a << 8) | (b & 0xFF)); }
    public static int joinInt(byte a, byte b, byte c, byte d) { return (a & 0xFF) << 24 | (b & 0xFF) << 16 | (c & 0xFF) << 8 | d & 0xFF; }
    public static short negate(short a) { return (short) -a; }
    public static int negateInt(short a) { return -a; }
    public static short complement(short a) { return (short) ~a; }
    public static boolean negateLess(short a) { return -a < a; }
    public static byte absolute(byte a) { return (byte) (a < 0 ? -a : a); }

    // division
    public static short halve(short a, short b) { return (short) ((a + b) / 2); }
    public static short quotient(short a, short b) { return (short) (a / b); }
    public static int quotientExact(short a, short b) { return a / b; }
    public static boolean quotientCompare(short a, short b) { return a / b > 32767; }
    public static short remainder(short a, short b) { return (short) (a % b); }
    public static int intQuotient(int a, int b) { return a / b; }
    public static int intRemainder(int a, int b) { return a % b; }
    public static short compoundDivide(short a, int b) { a /= b; return a; }
    public static short byConstant(short a) { return (short) (a / 10 * 3 + a % 10); }
    public static byte checksum(short a, short b) { return (byte) ((a * b) % 97); }

    // compound assignment
    public static byte compoundByte(byte a, int b) { a += b; a *= 3; a ^= b; a >>= 1; a >>>= 1; a <<= 2; a |= 5; a &= b; a -= b; return a; }
    public static short compoundShort(short a, int b) { a += b; a *= 3; a ^= b; a >>= 1; a >>>= 1; a <<= 2; a |= 5; a &= b; a -= b; return a; }
    public static int compoundInt(int a, short b) { a += b; a *= 3; a ^= b; a >>= 1; a >>>= 1; a <<= 2; a |= 5; a &= b; a -= b; return a; }
    public static short nested(short a) { short b, c; b = c = a; b += c += 5; return (short) (b * c); }
    public static int assignMixed(short a) { short s; int i; byte b; i = s = b = (byte) a; return i + s * b; }
    public static int wideThenNarrow(int a) { int i; short s; s = (short) (i = a + 1); return i ^ s; }

    // fields
    public static short instanceFields(short a, int b) { Cases c = new Cases(); c.fs = a; c.fi = b; c.fb = (byte) a; c.fz = a > b; c.fs += 3; c.fi++; c.fb--; c.fi += c.fs; return (short) (c.fs + c.fi + c.fb + (c.fz ? 1 : 0)); }
    public static int fieldPost(short a) { Cases c = new Cases(); c.fs = a; int r = c.fs++ * 5; r += ++c.fs; c.fi = r; r += c.fi++; r -= --c.fi; c.fb = (byte) a; r += c.fb--; return r + c.fb; }
    public static short staticFields(short a, int b) { ss = a; si = b; sb = (byte) b; sz = a == b; ss += si; si >>= 2; sb += ss; return (short) (ss ^ si ^ sb ^ (sz ? 1 : 0)); }
    public static int presets() { return preset + wide + small + (on ? 1 : 0) + BIG; }
    public static int tables(byte i) { int k = i & 3; return BYTES[k] + SHORTS[k] * 2 + INTS[k] + (FLAGS[k % 3] ? 1 : 0); }
    public static short chained(short a) { Cases c = new Cases(); c.next = new Cases(); c.next.next = c; c.next.next.fs = c.next.fs = a; return (short) (c.fs + c.next.fs); }
    public static short throughThis(short a) { return new Cases().work(a); }
    private short work(short a) { fs = a; fi = a * 70000; fb = (byte) (fs = (short) (a + 1)); this.fs += fb; next = this; array = new byte[4]; array[1] = fb; next.array[2] += array[1]; fz = fi > fs; return (short) (fs + fi + fb + array[2] + (fz ? 9 : 0)); }

    // arrays
    public static short byteArray(byte a, byte b) { byte[] x = new byte[4]; x[0] = a; x[1] = b; x[2] = (byte) (x[0] + x[1]); x[3] = x[2]++; x[x[3] & 3] ^= 5; return (short) (x[0] + x[1] + x[2] + x[3]); }
    public static int shortArray(short a) { short[] x = new short[3]; short i = 0; x[i++] = a; x[i++] += a; x[i] = x[0] = (short) (x[1] - 1); x[i]--; ++x[0]; return x[0] * x[1] + x[2] + i; }
    public static int intArray(int a, short b) { int[] x = new int[3]; int i = 0; x[(short) i++] = a; x[1] = b; x[2] = x[0] + x[1]; x[1] += x[2]++; return x[0] ^ x[1] ^ x[2] ^ i; }
    public static boolean booleanArray(boolean a, boolean b) { boolean[] x = new boolean[2]; x[0] = a; x[1] = b; x[0] ^= x[1]; x[1] |= x[0]; return x[0] == x[1]; }
    public static int objects(short a) { Cases[] x = new Cases[2]; x[0] = new Cases(); x[0].fs = a; x[1] = x[0]; x[1].fs++; return x[0].fs + x.length + (x[0] == x[1] ? 1 : 0) + (x instanceof Object ? 4 : 0); }
    public static short outOfBounds(byte i) { return BYTES[i]; }
    public static short sumIndex(short a, short b) { return BYTES[(short) (a + b)]; }
    public static short nextIndex(short a) { return BYTES[a + 1]; }
    public static short negativeSize(short n) { return (short) new short[(short) (n >> 8)].length; }
    public static short nullArray(boolean n) { byte[] x = n ? null : new byte[2]; return x[1]; }
    public static short nullField(boolean n) { Cases c = n ? null : new Cases(); return c.fs; }
    public static short wrongStore(boolean n) { Object[] x = new Cases[1]; x[0] = n ? (Object) new byte[1] : new Cases(); return 1; }
    public static short wrongCast(boolean n) { Object x = n ? (Object) new byte[1] : new short[1]; return (short) ((byte[]) x).length; }
    public static short types(byte k) { Object x; switch (k & 3) { case 0: x = new byte[1]; break; case 1: x = new short[1]; break; case 2: x = new Cases[1]; break; default: x = new int[1]; } return (short) ((x instanceof byte[] ? 1 : 0) + (x instanceof short[] ? 2 : 0) + (x instanceof Cases[] ? 4 : 0) + (x instanceof int[] ? 8 : 0) + (x instanceof Cases ? 16 : 0) + (x instanceof Object[] ? 32 : 0)); }

    // loops over int variables, whose bounds the converter finds
    public static int forEach(short a) { int r = a; for (byte x : BYTES) r = r * 3 + x; for (short x : SHORTS) r ^= x; for (int x : INTS) r += x; for (boolean x : FLAGS) if (x) r++; return r; }
    public static int forEachObject(short a) { Cases[] x = {new Cases(), null, new Cases()}; int r = 0; for (Cases c : x) if (c != null) { c.fs = a; r += c.fs; } return r; }
    public static int upTo(short n) { int r = 0; byte[] x = new byte[(short) (n & 31)]; for (int i = 0; i < x.length; i++) { x[i] = (byte) (i * 3); r += x[i]; } return r; }
    public static int downFrom(short n) { int r = 0; short[] x = new short[(short) (n & 31)]; for (int i = x.length - 1; i >= 0; i--) { x[i] = (short) (i * i); r = r * 5 + x[i]; } return r; }
    public static int steps(byte n) { int r = 0; for (int i = n; i < 300; i += 7) r += i; for (int i = n; i > -300; i -= 11) r ^= i; return r; }
    public static int whileDown(byte n) { int r = 0, i = n; while (--i >= 0) r += i * i; return r; }
    public static int bounded(int a) { int r = 0; if (a > -100 && a < 100) { int b = a * 300; r = b / 7 + (b >> 2); } else if (a <= -100) r = a >>> 1; else r = a - 100; return r; }
    public static int clamped(int a) { int x = a; if (x > 32767) x = 32767; if (x < -32768) x = -32768; short s = (short) x; return s * 2 + (x >> 4); }
    public static int overflowing(short n) { int i = 32760; short c = 0; while (c < (n & 15)) { i++; c++; } return i; }
    public static short wrapping(short n) { int i = 32760; short c = 0; while (c < (n & 15)) { i += 3; c++; } return (short) i; }
    public static int nestedLoops(byte n) { int r = 0; for (int i = 0; i < 12; i++) for (int j = i; j < (n & 15); j++) { if (j == 7) continue; r += i * 1000 - j; } return r; }
    public static int changedInside(byte n) { int r = 0; for (int i = 0; i < 100; i++) { if ((i & 7) == (n & 7)) i += 20; r += i; } return r; }
    public static int comparedTwice(int a, int b) { if (a < b && b < 1000 && a > -1000) return (a + b) * 3 >> 1; if (a == b) return a - 7; return b; }
    public static int caughtIndex(byte n) { int i = 0; try { for (i = 0; ; i++) BYTES[(short) i] += 0; } catch (ArrayIndexOutOfBoundsException e) { return i * 100000 + n; } }

    // control
    public static short dense(short a) { switch (a) { case -1: return 10; case 0: return 20; case 1: return 30; case 2: return 40; case 4: return 50; default: return 60; } }
    public static short sparse(short a) { switch (a) { case -32768: return 1; case -129: return 2; case 0: return 3; case 255: return 4; case 32767: return 5; } return 6; }
    public static int sparseInt(int a) { switch (a) { case 0x80000000: return 1; case -1: return 2; case 70000: return 3; case 65536: return 4; case 0: return 5; default: return 6; } }
    public static int denseInt(int a) { switch (a + 1) { case 0: return 1; case 1: return 2; case 2: return 3; case 3: return 4; default: return 5; } }
    public static short impossibleCase(byte a) { switch (a) { case 5: return 1; case 127: return 2; default: return (short) (a == 5 ? 9 : 3); } }
    public static short sumSwitch(short a, short b) { switch (a + b) { case 65534: return 1; case -65536: return 2; case 0: return 3; default: return 4; } }
    public static short fallThrough(byte a) { short r = 0; switch (a & 7) { case 0: r += 1; case 1: r += 2; break; case 5: r += 4; default: r += 8; case 6: r += 16; } return r; }
    public static short labels(byte n) { short r = 0; outer: for (byte i = 0; i < 10; i++) { for (byte j = 0; j < 10; j++) { if (j == n) continue outer; if (i == 7) break outer; r += i * j; } } return r; }
    public static short doWhile(byte n) { short r = 0; do { r++; n = (byte) (n >> 1); } while (n > 0); return r; }
    public static int factorial(byte n) { return n <= 1 ? 1 : (n & 15) * factorial((byte) ((n & 15) - 1)); }

    // exceptions
    public static short caught(short a, short b) { try { return (short) (a / b); } catch (ArithmeticException e) { return -7; } }
    public static short order(byte k) { short r = 0; try { r = 1; hit(k); r = 2; } catch (ArrayIndexOutOfBoundsException e) { r += 10; } catch (IndexOutOfBoundsException e) { r += 20; } catch (NullPointerException e) { r += 30; } catch (RuntimeException e) { r += 40; } finally { r += 100; } return r; }
    private static void hit(byte k) { switch (k & 3) { case 0: BYTES[5] = 1; break; case 1: throw new NullPointerException(); case 2: throw new ClassCastException(); default: } }
    public static short inner(byte k) { short r = 0; try { try { hit(k); r = 1; } catch (NullPointerException e) { r = 2; throw new ArithmeticException(); } finally { r += 10; } r += 100; } catch (ArithmeticException e) { r += 200; } catch (Exception e) { r += 400; } return r; }
    public static short finallyReturn(short a) { try { if (a > 0) return 1; if (a == 0) throw new ArithmeticException(); return 2; } catch (ArithmeticException e) { return 3; } finally { ss = a; if (a == -1) return 4; } }
    public static short finallyLoop(byte n) { short r = 0; for (byte i = 0; i < 5; i++) { try { if (i == (n & 7)) continue; if (i > (n & 7)) break; r += 1; } finally { r += 10; } } return r; }
    public static short thrown(byte k) { if (k == 0) throw new SecurityException(); if (k > 0) throw new ArrayStoreException(); hit((byte) 2); return 0; }
    public static int intInTry(int a, short b) { int x = a; try { x += 100000; x /= b; } catch (ArithmeticException e) { x -= 1; } return x; }
    public static short multiCatch(byte k) { try { hit(k); return 1; } catch (NullPointerException | ClassCastException e) { return 2; } catch (RuntimeException e) { return 3; } }

    // classes
    public static int dispatch(byte k, short a) { Shape s = (k & 1) == 0 ? (Shape) new Square(a) : new Line(a); return s.size() + s.twice() + s.name() + s.hidden() * 3; }
    public static int viaInterface(byte k, short a) { Sized s = (k & 1) == 0 ? (Sized) new Square(a) : new Line(a); Named n = (Named) s; return s.size() * 3 + n.name(); }
    public static boolean sameObject(short a) { Sized s = new Square(a); Object o = s; return s.equals(o) && o instanceof Named && !(o instanceof Line); }
    public static int superCall(short a) { return new Cube(a).size(); }
    public static int overloads(byte a, short b, int c) { return pick(a) + pick(b) * 10 + pick(c) * 100 + pick((short) a); }
    private static int pick(byte a) { return 1; }
    private static int pick(short a) { return 2; }
    private static int pick(int a) { return 3; }
    public static int mixedArguments(byte a, int b, short c, boolean d) { return arguments(d, c, b, a, new int[] {b, c}); }
    private static int arguments(boolean d, short c, int b, byte a, int[] e) { return (d ? 1 : 2) + c * 3 + b * 5 + a * 7 + e[1] * 11 + e[0]; }
    public static int intBelow(short a, int b) { return arguments(a > b, (short) (a + 1), a, (byte) b, new int[] {a, b}); }
    public static short shortOfInt(int a, int b) { return narrow((short) (a + b), (byte) (a * b)); }
    private static short narrow(short a, byte b) { return (short) (a - b); }
    public static int anonymous(final short a) { return new Sized() { public int size() { return a * 4; } }.size(); }
    public static int outerAccess(short a) { Cases c = new Cases(); c.fs = a; return c.new Inner().read(); }
    public static int outerNull(boolean n) { Cases c = n ? null : new Cases(); return c.new Inner().read(); }
    public static int incrementUsed(short a) { Cases c = new Cases(); c.fs = a; short[] x = {a}; c.fb = (byte) a; return c.fs++ * 70000 + x[0]++ * 5 - c.fb++ * 300 + c.fs + x[0] + --x[0] * 70001; }
    class Inner { int read() { fi = fs * 3; return fi + fs; } }

    // a method long enough for wide branches
    public static int far(short a, int b) {
        int r = b; short i = 0;
        while (i < 3) {
            if (a > 0) { r += 1000000; r ^= 0x55AA55AA; r -= 3000000; r += a * 77777; r ^= r << 3; r += 1000000; r ^= 0x55AA55AA; r -= 3000000; r += a * 77777; r ^= r << 3; r += 1000000; r ^= 0x55AA55AA; r -= 3000000; r += a * 77777; r ^= r << 3; }
            else if (a < -5) { r -= 1000000; r ^= 0x55AA55AB; r += 3000001; r -= a * 77773; r ^= r >>> 3; r -= 1000000; r ^= 0x55AA55AB; r += 3000001; r -= a * 77773; r ^= r >>> 3; r -= 1000000; r ^= 0x55AA55AB; r += 3000001; r -= a * 77773; r ^= r >>> 3; }
            else { r *= 3; r += 1000000; r ^= 0x55AA55AA; r -= 3000000; r += a * 77777; r ^= r << 3; r += 1000000; r ^= 0x55AA55AA; r -= 3000000; r += a * 77777; r ^= r << 3; }
            i++;
        }
        return r;
    }
}

interface Sized { int size(); }
interface Named { short name(); }
interface Both extends Named, Sized { short twice(); }

abstract class Shape implements Both {
    protected short edge;
    byte tag;
    Shape(short edge) { this.edge = edge; tag = (byte) edge; }
    public short twice() { return (short) (size() * 2); }
    short hidden() { return tag; }
    protected short level() { return 1; }
}

class Square extends Shape {
    int area;
    Square(short edge) { super(edge); area = edge * edge; }
    public int size() { return area; }
    public short name() { return (short) (1 + level()); }
    public short level() { return 5; }
}

final class Cube extends Square {
    Cube(short edge) { super(edge); }
    public int size() { return super.size() * edge + level() + super.level(); }
    public short level() { return 9; }
}

class Line extends Shape {
    Line(short edge) { super(edge); }
    public int size() { return edge; }
    public short name() { return (short) (2 + level()); }
    short hidden() { return (short) (super.hidden() + 100); }
}
