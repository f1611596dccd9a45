package lab.javalang;

import java.io.IOException;
import java.rmi.RemoteException;
import javacard.framework.*;
import lab.cases.Cases;

/** java.lang, java.io and java.rmi: objects, and every exception. */
public class JavaLang extends Cases {
    public static void install(byte[] b, short o, byte l) { new JavaLang().register(); }

    protected void run(byte which, APDU apdu) throws Throwable {
        switch (which) {
        case 0x00: { Object one = new Object(); put(one.equals(one)); put(one.equals(new Object())); put(one.equals(null)); break; }
        case 0x01: throw new Throwable();
        case 0x02: throw new Exception();
        case 0x03: throw new RuntimeException();
        case 0x04: throw new IndexOutOfBoundsException();
        case 0x05: throw new ArrayIndexOutOfBoundsException();
        case 0x06: throw new ArithmeticException();
        case 0x07: throw new ArrayStoreException();
        case 0x08: throw new ClassCastException();
        case 0x09: throw new NegativeArraySizeException();
        case 0x0A: throw new NullPointerException();
        case 0x0B: throw new SecurityException();
        case 0x0C: throw new IOException();
        case 0x0D: throw new RemoteException();
        case 0x10: put((byte) (5 / (which - 0x10))); break;
        case 0x11: { byte[] two = new byte[2]; put(two[which]); } break;
        case 0x12: { Object[] bytes = new AID[1]; bytes[0] = this; break; }
        case 0x13: { Object me = this; put(((AID) me).equals(me)); break; }
        case 0x14: put(new byte[(short) (0x13 - which)].length == 0); break;
        default: ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
    }
}
