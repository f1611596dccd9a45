package r;
import javacard.framework.*;
/** Imports the public package of a CAP file that has two. */
public class User extends Applet {
  static class Mine extends p.A {
    short pkgOne() { return (short)91; }
    public short pub() { return (short)(super.pub() + 5); }
  }
  public static void install(byte[] b, short o, byte l) { new User().register(b, (short) (o + 1), b[o]); }
  public void process(APDU apdu) {
    if (selectingApplet()) return;
    byte[] b = apdu.getBuffer();
    p.A o = new Mine();
    Util.setShort(b, (short)0, b[3] == 0 ? o.pub() : p.A.callOne(o));
    apdu.setOutgoingAndSend((short)0, (short)2);
  }
}
