package hydra.electricity;

import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.MessageDigest;
import javacard.security.RandomData;

/**
 * The Merkle tree over a period's intervals (RFC 6962 §2.1), kept as the roots of its complete subtrees.
 *
 * <p>A leaf carries a salt of its own, derived from a key that only the householder is told, so that a half-hour cannot be
 * guessed from its neighbours' proofs.
 */
final class IntervalTree {
    /** Bytes of a hash. */
    static final short HASH = 32;

    private static final short LEVELS = 20;
    private static final short SALT = 16;
    private static final byte LEAF = 0;
    private static final byte NODE = 1;

    private final byte[] roots = new byte[(short) (LEVELS * HASH)];
    private final byte[] saltKey = new byte[HASH];
    private int leaves;
    private final MessageDigest sha;
    private final byte[] scratch;

    IntervalTree(MessageDigest sha) {
        this.sha = sha;
        scratch = JCSystem.makeTransientByteArray((short) (1 + 2 * HASH), JCSystem.CLEAR_ON_RESET);
    }

    /** Starts an empty tree with a new salt key. */
    void clear(RandomData random) {
        random.generateData(saltKey, (short) 0, HASH);
        leaves = 0;
    }

    byte[] saltKey() {
        return saltKey;
    }

    /** Appends an interval's leaf: hash of 00, salt, start, Wh. */
    void add(int start, int wattHours) {
        Util.arrayCopyNonAtomic(saltKey, (short) 0, scratch, (short) 0, HASH);
        Sum.putInt(scratch, HASH, leaves);
        sha.reset();
        sha.doFinal(scratch, (short) 0, (short) (HASH + 4), scratch, (short) 1);
        scratch[0] = LEAF;
        Sum.putInt(scratch, (short) (1 + SALT), start);
        Sum.putInt(scratch, (short) (1 + SALT + 4), wattHours);
        sha.doFinal(scratch, (short) 0, (short) (1 + SALT + 8), scratch, (short) (1 + HASH));
        short level = 0;
        for (int rest = leaves; (rest & 1) != 0; rest >>>= 1) {
            join((short) (level * HASH));
            level++;
        }
        Util.arrayCopy(scratch, (short) (1 + HASH), roots, (short) (level * HASH), HASH);
        leaves++;
    }

    /** Writes the root of all leaves so far. */
    void root(byte[] target, short offset) {
        sha.reset();
        if (leaves == 0) {
            sha.doFinal(scratch, (short) 0, (short) 0, target, offset);
            return;
        }
        boolean first = true;
        short at = 0;
        for (int rest = leaves; rest != 0; rest >>>= 1) {
            if ((rest & 1) != 0) {
                if (first) {
                    Util.arrayCopyNonAtomic(roots, at, scratch, (short) (1 + HASH), HASH);
                    first = false;
                } else {
                    join(at);
                }
            }
            at += HASH;
        }
        Util.arrayCopyNonAtomic(scratch, (short) (1 + HASH), target, offset, HASH);
    }

    /** The hash in scratch becomes the node over the root at `left` and itself. */
    private void join(short left) {
        scratch[0] = NODE;
        Util.arrayCopyNonAtomic(roots, left, scratch, (short) 1, HASH);
        sha.doFinal(scratch, (short) 0, (short) (1 + 2 * HASH), scratch, (short) (1 + HASH));
    }
}
