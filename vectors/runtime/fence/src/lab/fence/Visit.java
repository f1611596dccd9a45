package lab.fence;

import javacard.framework.Shareable;

public interface Visit extends Shareable {
    short visit();
}
