package q;
import javacard.framework.*;
public class App extends Applet {
  public static void install(byte[] b, short o, byte l) { new App().register(b, (short) (o + 1), b[o]); }
  public void process(APDU apdu) {
    if (selectingApplet()) return;
    byte[] b = apdu.getBuffer();
    B o = b[2] == 0 ? new B() : new C();
    short r = 0;
    switch (b[3]) { case 0: r = o.pub(); break; case 1: r = p.A.callOne(o); break; case 2: r = o.qCall(); break; }
    Util.setShort(b, (short)0, r);
    apdu.setOutgoingAndSend((short)0, (short)2);
  }
}
