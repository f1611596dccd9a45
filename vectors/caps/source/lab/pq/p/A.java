package p;
/** Package-visible methods, which classes of another package of the same CAP file do not override. */
import javacard.framework.*;
public class A {
  short v;
  short pkgOne() { return (short)11; }
  short pkgTwo() { return (short)12; }
  public short pub() { return (short)(pkgOne() + v); }
  public static short callOne(A a) { return (short)(a.pkgOne() * 100 + a.pkgTwo()); }
}
