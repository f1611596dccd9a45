package lab.lodger;

import lab.shelf.*;

/** The first of two applets of a package. */
public class Lodger extends Keeper {
    static Object kept;

    static class Own {
        Object content;
    }

    public static void install(byte[] array, short offset, byte length) {
        new Lodger().enter(array, offset);
    }

    void enter(byte[] array, short offset) {
        register(array, (short) (offset + 1), array[offset]);
        installed(array, offset);
    }

    protected Object own() {
        return new Own();
    }

    protected void keepOwn(Object object) {
        kept = object;
    }
}
