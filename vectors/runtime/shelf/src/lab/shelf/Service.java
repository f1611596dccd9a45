package lab.shelf;

import javacard.framework.AID;
import javacard.framework.Shareable;

/** What a server offers to an applet of another context. */
public interface Service extends Shareable {
    /** The first element of an array of the caller's. */
    byte first(byte[] array);

    /** An array of the server's. */
    byte[] own();

    /** A new object of the server's. */
    Object make();

    /** The server throws: 0 the JCRE's exception, 1 one that it made itself. */
    void fail(byte how);

    /** Length of the AID of who called, 0 if nobody. */
    byte caller();

    /** Calls a client back. */
    byte back(Service client);

    /** Changes a field of the server's and leaves without saying more. */
    void count();

    /** How often. */
    short counted();
}
