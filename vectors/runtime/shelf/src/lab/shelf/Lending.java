package lab.shelf;

import javacard.framework.Shareable;

/** What applets give one another. */
public interface Lending extends Shareable {
    short number();
}
