package q;
import javacard.framework.*;
public class B extends p.A {
  short qOne() { return (short)21; }
  public short pub() { return (short)(super.pub() + qOne()); }
  short qCall() { return qOne(); }
}
