package lab.tenant;

import lab.shelf.*;

/** An applet of another context. */
public class Tenant extends Keeper {
    static Object kept;

    public static void install(byte[] array, short offset, byte length) {
        Tenant tenant = new Tenant();
        tenant.register(array, (short) (offset + 1), array[offset]);
        tenant.installed(array, offset);
    }

    protected Object own() {
        return new byte[2];
    }

    protected void keepOwn(Object object) {
        kept = object;
    }
}
