package lab.apduutil;

import javacard.framework.*;
import javacardx.apdu.util.APDUUtil;
import lab.cases.Cases;

/** javacardx.apdu.util: what P1 says as a class byte. */
public class ClassByte extends Cases {
    public static void install(byte[] b, short o, byte l) { new ClassByte().register(); }

    protected void run(byte which, APDU apdu) {
        put(APDUUtil.isValidCLA(which));
        put(APDUUtil.isISOInterindustryCLA(which));
        put(APDUUtil.isCommandChainingCLA(which));
        put(APDUUtil.isSecureMessagingCLA(which));
        put(APDUUtil.getCLAChannel(which));
    }
}
