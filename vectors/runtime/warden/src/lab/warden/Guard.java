package lab.warden;

import javacard.framework.Shareable;

/** What a warden does for whoever is being installed. */
public interface Guard extends Shareable {
    /** Tries the warden's PIN. */
    boolean check(short guess);

    /** Tries left. */
    byte left();

    /** Changes a field of the warden's, in a transaction. */
    void count();

    /** How often. */
    short counted();

    /** Keeps an object of the caller's. */
    void keep(Object object);

    /** Whether one is kept. */
    boolean keeps();

    /** For one client only, which its AID tells. */
    short secret();
}
