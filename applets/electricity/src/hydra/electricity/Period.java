package hydra.electricity;

import javacard.framework.Util;

/** What one billing period has seen: its bounds, its registers, the energy of each rate, and the slots. */
final class Period {
    /** Bytes of a register, Wh. */
    static final short REGISTER = 8;

    /** Bounds, seconds since 1970 UTC: `from` included, `to` not. */
    int from;
    int to;
    /** Length of an interval, seconds. */
    int interval;
    boolean open;
    /** Slots in which an interval began, and the last of them. */
    int received;
    private int lastSlot;
    int repeated;
    /** Register at `from`, Wh. */
    final byte[] opening = new byte[REGISTER];
    /** Wh of each rate, a {@link Sum} each. */
    final byte[] energy = new byte[(short) (Tariff.MAX_RATES * Sum.SIZE)];

    void open(int from, int to, int interval, byte[] register) {
        this.from = from;
        this.to = to;
        this.interval = interval;
        received = 0;
        lastSlot = -1;
        repeated = 0;
        Util.arrayCopy(register, (short) 0, opening, (short) 0, REGISTER);
        Util.arrayFillNonAtomic(energy, (short) 0, (short) energy.length, (byte) 0);
        open = true;
    }

    /** An interval begins here, later than all before it; a second one in the same slot fills no other. */
    void fill(int start) {
        int slot = (start - from) / interval;
        if (slot != lastSlot) {
            lastSlot = slot;
            received++;
        }
    }

    /** Slots that begin between the bounds. */
    int expected() {
        return (to - from - 1) / interval + 1;
    }

    /** Slots in which no interval began. */
    int missing() {
        return expected() - received;
    }

    /** Whole days between the bounds. */
    short days() {
        return (short) ((to - from) / 86400);
    }
}
