package lab.twin;

import javacard.framework.AID;
import javacard.framework.APDU;
import javacard.framework.Applet;
import javacard.framework.JCSystem;
import javacard.framework.MultiSelectable;
import javacard.framework.Shareable;
import javacard.framework.SystemException;
import javacard.framework.Util;
import javacard.security.KeyBuilder;
import lab.fence.Visit;

/** A server that may be selected on several channels, with CLEAR_ON_DESELECT content. */
public final class Twin extends Applet implements MultiSelectable, Visit {
    private byte[] fleeting;

    public static void install(byte[] array, short offset, byte length) {
        new Twin().register();
    }

    public Shareable getShareableInterfaceObject(AID client, byte parameter) {
        return this;
    }

    public boolean select() {
        if (fleeting == null) {
            fleeting = JCSystem.makeTransientByteArray((short) 1, JCSystem.CLEAR_ON_DESELECT);
        }
        fleeting[0] = 0x77;
        return true;
    }

    public boolean select(boolean again) {
        return true;
    }

    public void deselect(boolean still) {
    }

    /** A bit each: an array and a key are made, the array's content is read. */
    public short visit() {
        short done = 0;
        try {
            JCSystem.makeTransientByteArray((short) 1, JCSystem.CLEAR_ON_DESELECT);
            done |= 1;
        } catch (SystemException refused) {
            done |= refused.getReason() == SystemException.ILLEGAL_TRANSIENT ? 0 : (short) 0x10;
        }
        try {
            KeyBuilder.buildKey(KeyBuilder.TYPE_AES_TRANSIENT_DESELECT, KeyBuilder.LENGTH_AES_128, false);
            done |= 2;
        } catch (SystemException refused) {
            done |= refused.getReason() == SystemException.ILLEGAL_TRANSIENT ? 0 : (short) 0x10;
        }
        try {
            done |= fleeting[0] == 0x77 ? (short) 4 : (short) 8;
        } catch (SecurityException refused) {
        }
        return done;
    }

    public void process(APDU apdu) {
        if (!selectingApplet()) {
            Util.setShort(apdu.getBuffer(), (short) 0, visit());
            apdu.setOutgoingAndSend((short) 0, (short) 2);
        }
    }
}
