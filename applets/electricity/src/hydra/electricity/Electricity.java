package hydra.electricity;

import hydra.outbox.Message;
import javacard.framework.APDU;
import javacard.framework.Applet;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.MultiSelectable;
import javacard.framework.Util;
import javacard.security.MessageDigest;
import javacard.security.RandomData;
import org.globalplatform.Application;

/**
 * The duty electricity: takes a meter's readings, keeps them at home, and at the end of a period says one figure.
 *
 * <p>Commands, personalisation and claims: protocols §5 and §8. A reading is one transaction: registers, energy, tree and what
 * goes to the outbox change together or not at all.
 */
public final class Electricity extends Applet implements MultiSelectable, Application {
    private static final byte INS_READING = (byte) 0xD0;
    private static final short READING = 16;

    private static final short DGI_ACCOUNT = (short) 0x8001;
    private static final short DGI_TARIFF_PART = (short) 0x8002;
    private static final short DGI_TARIFF_COMPLETE = (short) 0x8003;
    private static final short DGI_OPEN_PERIOD = (short) 0x8004;
    private static final short DGI_CLOSE_PERIOD = (short) 0x8005;
    private static final short HEADER = 5;
    private static final short MAX_ACCOUNT = 32;
    private static final int DAY = 86400;

    /** Intervals that travel in one message to the householder. */
    private static final short BATCH = 48;
    private static final short MESSAGE = 1024;

    private static final byte UNAUTHENTICATED = 0;
    private static final byte CLAIMS = 10;

    private final byte[] account = new byte[MAX_ACCOUNT];
    private short accountLength;
    private final Tariff tariff = new Tariff();
    private final Period period = new Period();
    private final IntervalTree tree;

    private int lastId;
    private int lastClock;
    private boolean hasRegister;
    private final byte[] register = new byte[Period.REGISTER];

    private final int[] batchStarts = new int[BATCH];
    private final int[] batchEnergies = new int[BATCH];
    private short batched;

    private final MessageDigest sha;
    private final RandomData random;
    private final Message message;
    private final byte[] scratch;

    private Electricity() {
        sha = MessageDigest.getInstance(MessageDigest.ALG_SHA_256, false);
        random = RandomData.getInstance(RandomData.ALG_SECURE_RANDOM);
        tree = new IntervalTree(sha);
        message = new Message(MESSAGE);
        scratch = JCSystem.makeTransientByteArray((short) (5 * Sum.SIZE), JCSystem.CLEAR_ON_RESET);
    }

    public static void install(byte[] parameters, short offset, byte length) {
        new Electricity().register(parameters, (short) (offset + 1), parameters[offset]);
    }

    public boolean select(boolean appInstAlreadyActive) {
        return true;
    }

    public void deselect(boolean appInstStillActive) {}

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        byte[] buffer = apdu.getBuffer();
        if (!apdu.isISOInterindustryCLA() && buffer[ISO7816.OFFSET_INS] == INS_READING) {
            if (apdu.setIncomingAndReceive() != READING) {
                ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
            }
            reading(buffer, apdu.getOffsetCdata());
            return;
        }
        ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
    }

    /**
     * GlobalPlatform: STORE DATA after INSTALL [for personalization], header included. One data grouping a command: what is refused
     * changes nothing.
     */
    public void processData(byte[] buffer, short offset, short length) {
        short at = (short) (offset + HEADER);
        short size = (short) (length - HEADER - 3);
        if (size < 0 || (short) (buffer[(short) (at + 2)] & 0xFF) != size) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        store(Util.getShort(buffer, at), buffer, (short) (at + 3), size);
    }

    private void store(short tag, byte[] buffer, short at, short size) {
        switch (tag) {
            case DGI_ACCOUNT:
                if (size < 1 || size > MAX_ACCOUNT) {
                    ISOException.throwIt(ISO7816.SW_WRONG_DATA);
                }
                JCSystem.beginTransaction();
                Util.arrayCopy(buffer, at, account, (short) 0, size);
                accountLength = size;
                JCSystem.commitTransaction();
                break;
            case DGI_TARIFF_PART:
                if (size < 2) {
                    ISOException.throwIt(ISO7816.SW_WRONG_DATA);
                }
                tariff.part(Util.getShort(buffer, at), buffer, (short) (at + 2), (short) (size - 2));
                break;
            case DGI_TARIFF_COMPLETE:
                if (size != 2 + Tariff.HASH) {
                    ISOException.throwIt(ISO7816.SW_WRONG_DATA);
                }
                if (period.open) {
                    ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
                }
                tariff.complete(Util.getShort(buffer, at), buffer, (short) (at + 2), sha, scratch, (short) 0);
                break;
            case DGI_OPEN_PERIOD:
                if (size != 12) {
                    ISOException.throwIt(ISO7816.SW_WRONG_DATA);
                }
                open(
                        Sum.getInt(buffer, at),
                        Sum.getInt(buffer, (short) (at + 4)),
                        Sum.getInt(buffer, (short) (at + 8)));
                break;
            case DGI_CLOSE_PERIOD:
                close();
                break;
            default:
                ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
    }

    private void open(int from, int to, int interval) {
        if (period.open || accountLength == 0 || !tariff.present()) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        if (!Sum.below(from, to)) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        int span = to - from;
        if (span < 0 || span % DAY != 0 || interval <= 0 || interval > DAY) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        JCSystem.beginTransaction();
        period.open(from, to, interval, register);
        tree.clear(random);
        batched = 0;
        JCSystem.commitTransaction();
    }

    /** One push of the meter: id (4), interval start (4), register at the interval's end (8). */
    private void reading(byte[] buffer, short at) {
        int id = Sum.getInt(buffer, at);
        int clock = Sum.getInt(buffer, (short) (at + 4));
        short newRegister = (short) (at + 8);
        if (!Sum.below(lastId, id)) {
            return;
        }
        if (!period.open) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        boolean repeated = hasRegister && !Sum.below(lastClock, clock);
        if (!repeated && !Sum.below(clock, period.to)) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        JCSystem.beginTransaction();
        lastId = id;
        if (repeated) {
            period.repeated++;
        } else if (!hasRegister || Sum.below(clock, period.from)) {
            Util.arrayCopy(buffer, newRegister, period.opening, (short) 0, Period.REGISTER);
            take(clock, buffer, newRegister);
        } else {
            int energy = difference(buffer, newRegister);
            take(clock, buffer, newRegister);
            interval(clock, energy);
        }
        JCSystem.commitTransaction();
    }

    private void take(int clock, byte[] buffer, short newRegister) {
        lastClock = clock;
        hasRegister = true;
        Util.arrayCopy(buffer, newRegister, register, (short) 0, Period.REGISTER);
    }

    /** New register less the last one; a register that went back, or leapt by 2^32 Wh, is no reading. */
    private int difference(byte[] buffer, short newRegister) {
        int borrow = 0;
        int low = 0;
        int high = 0;
        for (short i = Period.REGISTER - 1; i >= 0; i--) {
            int digit = (buffer[(short) (newRegister + i)] & 0xFF) - (register[i] & 0xFF) - borrow;
            borrow = digit < 0 ? 1 : 0;
            digit &= 0xFF;
            if (i >= 4) {
                low |= digit << (8 * (7 - i));
            } else {
                high |= digit;
            }
        }
        if (borrow != 0 || high != 0) {
            ISOException.throwIt(ISO7816.SW_DATA_INVALID);
        }
        return low;
    }

    private void interval(int start, int energy) {
        byte rate = tariff.rateAt(minuteOfDay(start));
        short sum = (short) (rate * Sum.SIZE);
        Util.arrayCopyNonAtomic(period.energy, sum, scratch, (short) 0, Sum.SIZE);
        Sum.add(scratch, (short) 0, energy);
        Util.arrayCopy(scratch, (short) 0, period.energy, sum, Sum.SIZE);
        period.fill(start);
        tree.add(start, energy);
        batchStarts[batched] = start;
        batchEnergies[batched] = energy;
        batched++;
        if (batched == BATCH) {
            sendBatch();
        }
    }

    /** Minute of the UTC day; the halves of the 32 bits keep the sum below 2^31. */
    private static short minuteOfDay(int clock) {
        int half = clock >>> 1;
        int seconds = ((half % (DAY / 2)) << 1) | (clock & 1);
        return (short) (seconds / 60);
    }

    private void sendBatch() {
        message.begin();
        message.array((short) 2);
        message.map((short) 1);
        message.uint(1);
        message.array(batched);
        for (short i = 0; i < batched; i++) {
            message.array((short) 2);
            message.uint(batchStarts[i]);
            message.uint(batchEnergies[i]);
        }
        message.array((short) 0);
        message.send(Message.INTERVALS, Message.HOUSEHOLDER);
        batched = 0;
    }

    private void close() {
        if (!period.open) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        JCSystem.beginTransaction();
        if (batched != 0) {
            sendBatch();
        }
        sendStatement();
        period.open = false;
        JCSystem.commitTransaction();
    }

    /**
     * The bill: each line rounded once to a penny, VAT on their sum. The total is among the claims, which come before the
     * hidden lines, so the lines are priced twice: once for their sum, once to be written.
     */
    private void sendStatement() {
        final short total = 0;
        final short number = Sum.SIZE;
        final short spare = 2 * Sum.SIZE;
        final short standing = 3 * Sum.SIZE;
        final short vat = 4 * Sum.SIZE;
        byte rates = tariff.rates();
        Sum.set(scratch, total, 0);
        for (byte rate = 0; rate < rates; rate++) {
            line(rate, number, spare);
            Sum.add(scratch, total, scratch, number);
        }
        tariff.standing(period.days(), scratch, standing, spare);
        Sum.add(scratch, total, scratch, standing);
        Util.arrayCopyNonAtomic(scratch, total, scratch, vat, Sum.SIZE);
        tariff.vat(scratch, vat, spare);
        Sum.add(scratch, total, scratch, vat);

        message.begin();
        message.array((short) 2);
        message.map(CLAIMS);
        message.uint(1);
        message.uint(period.from);
        message.uint(2);
        message.uint(period.to);
        message.uint(3);
        message.text(account, (short) 0, accountLength);
        message.uint(4);
        message.bytes(tariff.hash(), (short) 0, Tariff.HASH);
        message.uint(5);
        pence(total);
        message.uint(6);
        message.uint(period.expected());
        message.uint(7);
        message.uint(period.received);
        message.uint(8);
        message.uint(period.missing());
        message.uint(9);
        message.uint(period.repeated);
        message.uint(10);
        message.uint(UNAUTHENTICATED);

        message.array((short) (rates + 6));
        hidden((short) 20);
        message.uint(period.opening, (short) 0, Period.REGISTER);
        hidden((short) 21);
        message.uint(register, (short) 0, Period.REGISTER);
        for (byte rate = 0; rate < rates; rate++) {
            hidden((short) (30 + rate));
            message.array((short) 2);
            short energy = (short) (rate * Sum.SIZE);
            message.uint(period.energy, (short) (energy + Sum.SIZE - 8), (short) 8);
            line(rate, number, spare);
            pence(number);
        }
        hidden((short) 40);
        pence(standing);
        hidden((short) 41);
        pence(vat);
        tree.root(scratch, (short) 0);
        hidden((short) 50);
        message.bytes(scratch, (short) 0, IntervalTree.HASH);
        hidden((short) 51);
        message.bytes(tree.saltKey(), (short) 0, IntervalTree.HASH);
        message.send(Message.STATEMENT, Message.PROVIDER);
    }

    /** scratch[number] := pence of a rate's energy. */
    private void line(byte rate, short number, short spare) {
        Util.arrayCopyNonAtomic(period.energy, (short) (rate * Sum.SIZE), scratch, number, Sum.SIZE);
        tariff.price(rate, scratch, number, spare);
    }

    private void hidden(short key) {
        message.array((short) 2);
        message.uint(key);
    }

    private void pence(short number) {
        message.uint(scratch, (short) (number + Sum.SIZE - 8), (short) 8);
    }
}
