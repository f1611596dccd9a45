package lab.server;

import javacard.framework.*;
import lab.shelf.*;

/** The other side of the firewall. */
public class Server extends Applet implements Service {
    private final byte[] own = {7, 8, 9};
    private final byte[] name = new byte[16];
    private short count;

    public static void install(byte[] array, short offset, byte length) {
        new Server().register(array, (short) (offset + 1), array[offset]);
    }

    public Shareable getShareableInterfaceObject(AID client, byte parameter) {
        // Only to those whose AID is of this length, and only for this parameter.
        return parameter == 1 && client.getBytes(name, (short) 0) == 8 ? this : null;
    }

    public byte first(byte[] array) {
        return array[0];
    }

    public byte[] own() {
        return own;
    }

    public Object make() {
        return new Box();
    }

    public void fail(byte how) {
        if (how == 0) {
            ISOException.throwIt((short) 0x6999);
        }
        throw new NullPointerException();
    }

    public byte caller() {
        AID caller = JCSystem.getPreviousContextAID();
        return caller == null ? 0 : caller.getBytes(name, (short) 0);
    }

    public byte back(Service client) {
        return client.caller();
    }

    public void count() {
        count++;
    }

    public short counted() {
        return count;
    }

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
    }
}
