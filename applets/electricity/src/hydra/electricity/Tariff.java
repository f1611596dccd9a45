package hydra.electricity;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.MessageDigest;

/**
 * The tariff in force: a compiled tariff document (protocols §6) that the supplier loads in parts and completes with its hash.
 *
 * <p>The document is interpreted where it lies, so what is hashed is what is charged.
 */
final class Tariff {
    /** Most rates of a document. */
    static final byte MAX_RATES = 8;
    /** Bytes of SHA-256. */
    static final short HASH = 32;

    private static final short CAPACITY = 640;
    private static final byte VERSION = 1;
    private static final byte MAX_WINDOWS = 8;
    private static final short MAX_TARIFF_NAME = 32;
    private static final short MAX_RATE_NAME = 16;
    private static final short MINUTES = 1440;

    private static final short AT_STANDING = 1;
    private static final short AT_VAT = 5;
    private static final short AT_NAME = 7;

    private byte[] document;
    private byte[] draft;
    private short length;
    private final byte[] hash;

    Tariff() {
        document = new byte[CAPACITY];
        draft = new byte[CAPACITY];
        hash = new byte[HASH];
    }

    /** Whether a document is in force. */
    boolean present() {
        return length != 0;
    }

    /** Takes part of a document into the draft. */
    void part(short at, byte[] source, short offset, short partLength) {
        if (at < 0 || at > CAPACITY || partLength > (short) (CAPACITY - at)) {
            ISOException.throwIt(ISO7816.SW_FILE_FULL);
        }
        Util.arrayCopyNonAtomic(source, offset, draft, at, partLength);
    }

    /** Checks the draft of this length against its hash and its grammar, and puts it in force. */
    void complete(short draftLength, byte[] expected, short offset, MessageDigest sha, byte[] scratch, short spare) {
        if (draftLength <= 0 || draftLength > CAPACITY) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        sha.reset();
        sha.doFinal(draft, (short) 0, draftLength, scratch, spare);
        if (Util.arrayCompare(scratch, spare, expected, offset, HASH) != 0) {
            ISOException.throwIt(ISO7816.SW_DATA_INVALID);
        }
        if (!wellFormed(draft, draftLength)) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        JCSystem.beginTransaction();
        byte[] old = document;
        document = draft;
        draft = old;
        length = draftLength;
        Util.arrayCopy(scratch, spare, hash, (short) 0, HASH);
        JCSystem.commitTransaction();
    }

    byte[] hash() {
        return hash;
    }

    byte rates() {
        return document[rateCount(document)];
    }

    /** The rate, from 0, that an interval starting at this minute of the day falls in. */
    byte rateAt(short minute) {
        byte rest = 0;
        byte rates = rates();
        short at = firstRate(document);
        for (byte rate = 0; rate < rates; rate++) {
            short windows = windowCount(document, at);
            byte count = document[windows];
            if (count == 0) {
                rest = rate;
            }
            short window = (short) (windows + 1);
            for (byte i = 0; i < count; i++) {
                short start = Util.getShort(document, window);
                short end = Util.getShort(document, (short) (window + 2));
                boolean inside = start < end ? minute >= start && minute < end : minute >= start || minute < end;
                if (inside) {
                    return rate;
                }
                window += 4;
            }
            at = window;
        }
        return rest;
    }

    /** number := Wh at `at` × the rate's price, in whole pence: 1 kWh × 1/10000 penny is 1/10000000 penny a Wh. */
    void price(byte rate, byte[] number, short at, short spare) {
        short place = firstRate(document);
        while (rate-- > 0) {
            short windows = windowCount(document, place);
            place = (short) (windows + 1 + 4 * document[windows]);
        }
        short price = (short) (windowCount(document, place) - 4);
        Sum.multiply(
                number, at, Util.getShort(document, price), Util.getShort(document, (short) (price + 2)), number, spare);
        Sum.add(number, at, 5000000);
        Sum.divide(number, at, (short) 10000);
        Sum.divide(number, at, (short) 1000);
    }

    /** number := standing charge × days, in whole pence. */
    void standing(short days, byte[] number, short at, short spare) {
        Sum.set(number, at, document, AT_STANDING, (short) 4);
        Sum.multiply(number, at, (short) 0, days, number, spare);
        Sum.round(number, at, (short) 10000);
    }

    /** number := VAT on the pence at `at`, in whole pence. */
    void vat(byte[] number, short at, short spare) {
        Sum.multiply(number, at, (short) 0, Util.getShort(document, AT_VAT), number, spare);
        Sum.round(number, at, (short) 10000);
    }

    private static short rateCount(byte[] text) {
        return (short) (AT_NAME + 1 + text[AT_NAME]);
    }

    private static short firstRate(byte[] text) {
        return (short) (rateCount(text) + 1);
    }

    private static short windowCount(byte[] text, short rate) {
        return (short) (rate + 1 + text[rate] + 4);
    }

    private static boolean wellFormed(byte[] text, short end) {
        if (end < AT_NAME + 2 || text[0] != VERSION || !nameFits(text, AT_NAME, MAX_TARIFF_NAME, end)) {
            return false;
        }
        short count = rateCount(text);
        if (count >= end || text[count] < 1 || text[count] > MAX_RATES) {
            return false;
        }
        short at = (short) (count + 1);
        byte rests = 0;
        for (byte rate = 0; rate < text[count]; rate++) {
            if (!nameFits(text, at, MAX_RATE_NAME, end)) {
                return false;
            }
            short windows = windowCount(text, at);
            if (windows >= end || text[windows] < 0 || text[windows] > MAX_WINDOWS) {
                return false;
            }
            if (text[windows] == 0) {
                rests++;
            }
            at = (short) (windows + 1);
            short next = (short) (at + 4 * text[windows]);
            if (next > end) {
                return false;
            }
            for (; at < next; at += 4) {
                short from = Util.getShort(text, at);
                short to = Util.getShort(text, (short) (at + 2));
                if (from < 0 || from >= MINUTES || to < 1 || to > MINUTES || from == to) {
                    return false;
                }
            }
        }
        return rests == 1 && at == end;
    }

    private static boolean nameFits(byte[] text, short at, short most, short end) {
        return at < end && text[at] >= 1 && text[at] <= most && (short) (at + text[at]) < end;
    }
}
