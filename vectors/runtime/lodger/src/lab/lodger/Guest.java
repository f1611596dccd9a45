package lab.lodger;

/** The second. */
public class Guest extends Lodger {
    public static void install(byte[] array, short offset, byte length) {
        new Guest().enter(array, offset);
    }
}
