package hydra.telehealth;

import hydra.outbox.Message;
import javacard.framework.APDU;
import javacard.framework.Applet;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.MultiSelectable;
import javacard.framework.Util;
import org.globalplatform.Application;

/**
 * The duty telehealth: weight, blood pressure and pulse go to the clinic and nobody else.
 *
 * <p>Commands, personalisation and claims: protocols §5 and §8.
 */
public final class Telehealth extends Applet implements MultiSelectable, Application {
    private static final byte INS_MEASUREMENT = (byte) 0xD2;
    private static final byte WEIGHT = 1;
    private static final byte BLOOD_PRESSURE = 2;
    private static final byte KINDS = 2;
    private static final short WEIGHT_LENGTH = 13;
    private static final short BLOOD_PRESSURE_LENGTH = 15;

    private static final short DGI_PATIENT = (short) 0x8101;
    private static final short HEADER = 5;
    private static final short MAX_PATIENT = 32;
    private static final short MESSAGE = 128;

    private final byte[] patient = new byte[MAX_PATIENT];
    private short patientLength;
    private final int[] lastIds = new int[KINDS];
    private final Message message;

    private Telehealth() {
        message = new Message(MESSAGE);
    }

    public static void install(byte[] parameters, short offset, byte length) {
        new Telehealth().register(parameters, (short) (offset + 1), parameters[offset]);
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
        if (apdu.isISOInterindustryCLA() || buffer[ISO7816.OFFSET_INS] != INS_MEASUREMENT) {
            ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
        }
        short length = apdu.setIncomingAndReceive();
        measurement(buffer, apdu.getOffsetCdata(), length);
    }

    /** GlobalPlatform: STORE DATA after INSTALL [for personalization], header included. */
    public void processData(byte[] buffer, short offset, short length) {
        short at = (short) (offset + HEADER);
        short size = (short) (length - HEADER - 3);
        if (size < 1
                || size > MAX_PATIENT
                || Util.getShort(buffer, at) != DGI_PATIENT
                || (short) (buffer[(short) (at + 2)] & 0xFF) != size) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        JCSystem.beginTransaction();
        Util.arrayCopy(buffer, (short) (at + 3), patient, (short) 0, size);
        patientLength = size;
        JCSystem.commitTransaction();
    }

    private void measurement(byte[] buffer, short at, short length) {
        if (patientLength == 0) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        if (length < 1) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        byte kind = buffer[at];
        if (kind != WEIGHT && kind != BLOOD_PRESSURE) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        if (length != (kind == WEIGHT ? WEIGHT_LENGTH : BLOOD_PRESSURE_LENGTH)) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        int id = getInt(buffer, (short) (at + 1));
        short device = (short) (kind - 1);
        if ((id ^ 0x80000000) <= (lastIds[device] ^ 0x80000000)) {
            return;
        }
        message.begin();
        message.array((short) 2);
        message.map((short) (kind == WEIGHT ? 5 : 7));
        message.uint(1);
        message.uint(kind);
        message.uint(2);
        message.uint(getInt(buffer, (short) (at + 5)));
        message.uint(3);
        message.uint(id);
        message.uint(4);
        message.text(patient, (short) 0, patientLength);
        if (kind == WEIGHT) {
            message.uint(5);
            message.uint(getInt(buffer, (short) (at + 9)));
        } else {
            for (short i = 0; i < 3; i++) {
                message.uint(6 + i);
                message.uint(Util.getShort(buffer, (short) (at + 9 + 2 * i)) & 0xFFFF);
            }
        }
        message.array((short) 0);

        JCSystem.beginTransaction();
        lastIds[device] = id;
        message.send(Message.MEASUREMENT, Message.PROVIDER);
        JCSystem.commitTransaction();
    }

    private static int getInt(byte[] bytes, short at) {
        return (Util.getShort(bytes, at) << 16) | (Util.getShort(bytes, (short) (at + 2)) & 0xFFFF);
    }
}
