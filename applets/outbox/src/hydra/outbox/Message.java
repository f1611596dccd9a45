package hydra.outbox;

import hydra.platform.Outbox;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;

/**
 * Writes one message for the outbox: CBOR (RFC 8949) with definite lengths, in a transient buffer.
 *
 * <p>An applet makes one at installation and uses it again and again:
 *
 * <pre>
 * message.begin();
 * message.array((short) 2);          // [claims, hidden]
 * message.map((short) 1);
 * message.uint(KIND); message.uint(WEIGHT);
 * message.array((short) 0);
 * message.send(Message.MEASUREMENT, Message.PROVIDER);
 * </pre>
 *
 * A message that outgrows the buffer is refused with 6A84 and nothing is sent.
 */
public final class Message {
    /** Purpose: the signed bill. */
    public static final byte STATEMENT = 1;
    /** Purpose: intervals for the householder. */
    public static final byte INTERVALS = 2;
    /** Purpose: a health measurement. */
    public static final byte MEASUREMENT = 3;

    /** Destination: the provider of the duty; the householder gets a copy. */
    public static final byte PROVIDER = 1;
    /** Destination: the householder alone. */
    public static final byte HOUSEHOLDER = 2;

    private static final byte UNSIGNED = 0x00;
    private static final byte BYTES = 0x40;
    private static final byte TEXT = 0x60;
    private static final byte ARRAY = (byte) 0x80;
    private static final byte MAP = (byte) 0xA0;

    private static final short ONE_BYTE = 24;
    private static final byte TWO_BYTES = 25;
    private static final byte FOUR_BYTES = 26;
    private static final byte EIGHT_BYTES = 27;

    private final byte[] buffer;
    private final short[] end;

    /** A message of at most this many bytes. */
    public Message(short capacity) {
        buffer = JCSystem.makeTransientByteArray(capacity, JCSystem.CLEAR_ON_RESET);
        end = JCSystem.makeTransientShortArray((short) 1, JCSystem.CLEAR_ON_RESET);
    }

    /** Starts over. */
    public void begin() {
        end[0] = 0;
    }

    /** An array of this many items, which follow. */
    public void array(short items) {
        head(ARRAY, items);
    }

    /** A map of this many pairs, which follow as key, value, key, value. */
    public void map(short pairs) {
        head(MAP, pairs);
    }

    /** An unsigned integer; all 32 bits count. */
    public void uint(int value) {
        if ((value & 0xFFFF8000) == 0) {
            head(UNSIGNED, (short) value);
            return;
        }
        short at = grow((short) 5);
        buffer[at++] = UNSIGNED | FOUR_BYTES;
        buffer[at++] = (byte) (value >> 24);
        buffer[at++] = (byte) (value >> 16);
        buffer[at++] = (byte) (value >> 8);
        buffer[at] = (byte) value;
        shorten((short) (at - 4));
    }

    /** An unsigned integer of `length` big-endian bytes, at most 8, in the shortest form. */
    public void uint(byte[] number, short offset, short length) {
        while (length > 0 && number[offset] == 0) {
            offset++;
            length--;
        }
        if (length <= 4) {
            int value = 0;
            while (length-- > 0) {
                value = (value << 8) | (number[offset++] & 0xFF);
            }
            uint(value);
            return;
        }
        short at = grow((short) 9);
        buffer[at++] = UNSIGNED | EIGHT_BYTES;
        short zeros = (short) (8 - length);
        Util.arrayFillNonAtomic(buffer, at, zeros, (byte) 0);
        Util.arrayCopyNonAtomic(number, offset, buffer, (short) (at + zeros), length);
    }

    /** A byte string. */
    public void bytes(byte[] value, short offset, short length) {
        head(BYTES, length);
        Util.arrayCopyNonAtomic(value, offset, buffer, grow(length), length);
    }

    /** A text string; the bytes are UTF-8. */
    public void text(byte[] utf8, short offset, short length) {
        head(TEXT, length);
        Util.arrayCopyNonAtomic(utf8, offset, buffer, grow(length), length);
    }

    /** Hands the message to the outbox; its counter's low 16 bits. Throws ISOException with the outbox's reason. */
    public short send(byte purpose, byte destination) {
        return Outbox.send(purpose, destination, buffer, (short) 0, end[0]);
    }

    /** An item's head: major type and a length or value of 0 to 32767. */
    private void head(byte type, short value) {
        if (value < ONE_BYTE) {
            buffer[grow((short) 1)] = (byte) (type | value);
        } else if (value < 256) {
            short at = grow((short) 2);
            buffer[at++] = (byte) (type | ONE_BYTE);
            buffer[at] = (byte) value;
        } else {
            short at = grow((short) 3);
            buffer[at++] = (byte) (type | TWO_BYTES);
            Util.setShort(buffer, at, value);
        }
    }

    /** Turns a four-byte integer into the two-byte form when its upper half is zero: CBOR's shortest form. */
    private void shorten(short at) {
        if (buffer[(short) (at + 1)] == 0 && buffer[(short) (at + 2)] == 0) {
            buffer[at] = UNSIGNED | TWO_BYTES;
            buffer[(short) (at + 1)] = buffer[(short) (at + 3)];
            buffer[(short) (at + 2)] = buffer[(short) (at + 4)];
            end[0] = (short) (at + 3);
        }
    }

    /** Makes room for `length` bytes and returns where they begin. */
    private short grow(short length) {
        short at = end[0];
        if (length > (short) (buffer.length - at)) {
            ISOException.throwIt(ISO7816.SW_FILE_FULL);
        }
        end[0] = (short) (at + length);
        return at;
    }
}
