package lab.named;

import javacard.framework.*;

/** An applet of whose fields and methods a trace has something to name. */
public class Named extends Applet {
    static final short STEP = 5;
    static final byte[] TABLE = {1, 2, 3};
    static short total;

    private final Counter counter = new Counter((short) 40);

    public static void install(byte[] array, short offset, byte length) {
        new Named().register(array, (short) (offset + 1), array[offset]);
    }

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        byte[] buffer = apdu.getBuffer();
        counter.add(STEP);
        counter.addTwice(TABLE[1]);
        total = sum(counter.value, counter.steps());
        Util.setShort(buffer, (short) 0, total);
        apdu.setOutgoingAndSend((short) 0, (short) 2);
    }

    private static short sum(short a, short b) {
        return (short) (a + b);
    }
}

class Base {
    short value;

    void add(short n) {
        value += n;
    }

    public short steps() {
        return 1;
    }
}

class Counter extends Base {
    private short steps;

    Counter(short start) {
        value = start;
    }

    void addTwice(short n) {
        add(n);
        super.add(n);
        steps += 2;
    }

    public short steps() {
        return (short) (steps + super.steps());
    }
}
