package lab.purse;

import javacard.framework.*;

/**
 * Money behind a PIN, a log of what was paid, and a chain of notes that can be dropped: what must hold when power fails
 * anywhere. crates/card/tests/card/tearing.rs takes the power away.
 */
public class Purse extends Applet {
    static final byte SLOTS = 8;

    final OwnerPIN pin = new OwnerPIN((byte) 3, (byte) 8);
    short balance = 1000;
    short spent;
    short payments;
    final Payment[] log = new Payment[SLOTS];
    Note notes;
    byte[] memo = {0, 0, 0, 0};

    public static void install(byte[] b, short o, byte l) {
        Purse purse = new Purse();
        purse.pin.update(new byte[] {1, 2, 3, 4}, (short) 0, (byte) 4);
        purse.register();
    }

    public void process(APDU apdu) {
        if (selectingApplet()) return;
        byte[] b = apdu.getBuffer();
        short length = apdu.setIncomingAndReceive();
        switch (b[ISO7816.OFFSET_INS]) {
            case 0x20: // VERIFY
                if (!pin.check(b, ISO7816.OFFSET_CDATA, (byte) length))
                    ISOException.throwIt((short) (0x63C0 | pin.getTriesRemaining()));
                return;
            case 0x24: // CHANGE REFERENCE DATA
                verified();
                pin.update(b, ISO7816.OFFSET_CDATA, (byte) length);
                return;
            case 0x30: // pay what P1 P2 says
                verified();
                pay(Util.getShort(b, ISO7816.OFFSET_P1));
                return;
            case 0x32: // the memo, without a transaction
                if (length != 4) ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
                Util.arrayCopy(b, ISO7816.OFFSET_CDATA, memo, (short) 0, (short) 4);
                return;
            case 0x40: // state
                short at = Util.setShort(b, (short) 0, balance);
                at = Util.setShort(b, at, spent);
                at = Util.setShort(b, at, payments);
                at = Util.setShort(b, at, logged());
                b[at++] = pin.getTriesRemaining();
                at = Util.arrayCopyNonAtomic(memo, (short) 0, b, at, (short) 4);
                apdu.setOutgoingAndSend((short) 0, at);
                return;
            case 0x50: // P1 more notes
                for (byte i = 0; i < b[ISO7816.OFFSET_P1]; i++) notes = new Note(notes, i);
                return;
            case 0x52: // all notes but the first P1 go
                Note last = notes;
                for (byte i = 1; i < b[ISO7816.OFFSET_P1]; i++) last = last.next;
                last.next = null;
                JCSystem.requestObjectDeletion();
                return;
            case 0x54: // how many notes are there, and are they whole
                short count = 0;
                for (Note note = notes; note != null; note = note.next) {
                    if (note.text.length != 20 || note.text[0] != note.text[19]) ISOException.throwIt((short) 0x6F54);
                    count++;
                }
                Util.setShort(b, (short) 0, count);
                JCSystem.getAvailableMemory(memory(), (short) 0, JCSystem.MEMORY_TYPE_PERSISTENT);
                Util.setShort(b, (short) 2, free[0]);
                Util.setShort(b, (short) 4, free[1]);
                apdu.setOutgoingAndSend((short) 0, (short) 6);
                return;
            default:
                ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
        }
    }

    short[] free;

    short[] memory() {
        if (free == null) free = JCSystem.makeTransientShortArray((short) 2, JCSystem.CLEAR_ON_RESET);
        return free;
    }

    void verified() {
        if (!pin.isValidated()) ISOException.throwIt(ISO7816.SW_SECURITY_STATUS_NOT_SATISFIED);
    }

    /** Balance, sum, count and log change together; a payment that does not fit leaves none of them. */
    void pay(short amount) {
        JCSystem.beginTransaction();
        short slot = (short) (payments % SLOTS);
        if (log[slot] == null) log[slot] = new Payment();
        log[slot].amount = amount;
        log[slot].number = payments;
        payments++;
        spent += amount;
        balance -= amount;
        if (balance < 0) {
            JCSystem.abortTransaction();
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        JCSystem.commitTransaction();
    }

    short logged() {
        short sum = 0;
        for (byte i = 0; i < SLOTS; i++) if (log[i] != null) sum += log[i].amount;
        return sum;
    }
}

class Payment {
    short amount;
    short number;
}

class Note {
    Note next;
    final byte[] text = new byte[20];

    Note(Note next, byte mark) {
        this.next = next;
        text[0] = mark;
        text[19] = mark;
    }
}
