package lab.personal;

import javacard.framework.*;

/** Keeps the length that its {@code install} was told, and the bytes: as many as the length says without its sign. */
public class Personal extends Applet {
    private final byte told;
    private final byte[] data;

    private Personal(byte[] array, short offset, byte length) {
        told = length;
        short bytes = (short) (length & 0xFF);
        data = new byte[bytes];
        Util.arrayCopy(array, offset, data, (short) 0, bytes);
    }

    public static void install(byte[] array, short offset, byte length) {
        new Personal(array, offset, length).register(array, (short) (offset + 1), array[offset]);
    }

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        byte[] buffer = apdu.getBuffer();
        buffer[0] = told;
        Util.arrayCopy(data, (short) 0, buffer, (short) 1, (short) data.length);
        apdu.setOutgoingAndSend((short) 0, (short) (data.length + 1));
    }
}
