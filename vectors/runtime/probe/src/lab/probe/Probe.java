package lab.probe;

import javacard.framework.*;
import javacard.security.*;
import javacardx.apdu.ExtendedLength;
import javacardx.crypto.Cipher;
import org.globalplatform.Application;

/** Asks the runtime and its natives; each command is one question. crates/card/tests/runtime.rs knows the answers. */
public class Probe extends Applet implements MultiSelectable, AppletEvent, Application, ExtendedLength {
    static byte installs;
    static byte[] uninstalled;

    final OwnerPIN pin = new OwnerPIN((byte) 3, (byte) 8);
    final byte[] log = new byte[8];
    final byte[] store = new byte[40];
    final byte[] onReset = JCSystem.makeTransientByteArray((short) 32, JCSystem.CLEAR_ON_RESET);
    final byte[] onDeselect = JCSystem.makeTransientByteArray((short) 4, JCSystem.CLEAR_ON_DESELECT);
    final byte[] scratch = JCSystem.makeTransientByteArray((short) 512, JCSystem.CLEAR_ON_RESET);
    byte stored;
    Object kept;
    MessageDigest sha;

    public static void install(byte[] b, short o, byte l) {
        short aid = o;
        short privileges = (short) (aid + 1 + b[aid]);
        short parameters = (short) (privileges + 1 + b[privileges]);
        byte how = b[parameters] == 0 ? 0 : b[(short) (parameters + 1)];
        installs++;
        Probe probe = new Probe();
        probe.pin.update(new byte[] {1, 2, 3, 4}, (short) 0, (byte) 4);
        if (how == 1) ISOException.throwIt((short) 0x6A55);
        if (how == 2) return;
        if (how == 3) { probe.register(); JCSystem.beginTransaction(); installs = 77; return; }
        if (how == 4) { b[(short) (aid + 2)]++; probe.register(b, (short) (aid + 1), b[aid]); }
        if (how == 5) { JCSystem.beginTransaction(); probe.stored = 9; JCSystem.commitTransaction(); }
        if (how == 6) { Object[] all = new Object[200]; for (short i = 0; i < 200; i++) all[i] = new byte[32000]; }
        if (how == 8) { short zero = 0; zero = (short) (1 / zero); }
        if (how == 9) { probe.register(b, (short) (aid + 1), b[aid]); return; }
        if (how == 10) ISOException.throwIt((short) 0x9000);
        probe.register();
    }

    public boolean select() { log[0]++; return stored != 0x66; }
    public void deselect() { log[1]++; }
    public boolean select(boolean active) { log[active ? (short) 2 : (short) 3]++; return true; }
    public void deselect(boolean active) { log[active ? (short) 4 : (short) 5]++; }
    public void uninstall() { installs--; }
    public void processData(byte[] b, short o, short l) {
        if (l < 6) ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        stored = b[(short) (o + 5)];
    }
    public Shareable getShareableInterfaceObject(AID client, byte p) { return null; }

    public void process(APDU apdu) {
        if (selectingApplet()) { if (apdu.getCurrentState() != APDU.STATE_INITIAL) ISOException.throwIt((short) 0x6666); return; }
        byte[] b = apdu.getBuffer();
        byte p1 = b[ISO7816.OFFSET_P1];
        short n = 0;
        switch (b[ISO7816.OFFSET_INS]) {
        case 0x01: { // PIN check
            byte length = (byte) apdu.setIncomingAndReceive();
            b[0] = (byte) (pin.check(b, apdu.getOffsetCdata(), length) ? 1 : 0);
            n = pinState(b); break; }
        case 0x02: pin.update(b, ISO7816.OFFSET_CDATA, (byte) apdu.setIncomingAndReceive()); b[0] = 0; n = pinState(b); break;
        case 0x03: pin.resetAndUnblock(); b[0] = 0; n = pinState(b); break;
        case 0x04: pin.reset(); b[0] = 0; n = pinState(b); break;
        case 0x05: { // a failed check is not undone by an abort
            JCSystem.beginTransaction(); stored = 42;
            b[0] = (byte) (pin.check(store, (short) 0, (byte) 4) ? 1 : 0);
            JCSystem.abortTransaction(); n = pinState(b); break; }
        case 0x06: try { pin.check(store, (short) 39, (byte) 4); } catch (ArrayIndexOutOfBoundsException e) { b[0] = 2; } n = pinState(b); break;
        case 0x07: // never ends well: the check, then a failure
            pin.check(store, (short) 0, (byte) 4); ISOException.throwIt((short) 0x6F77); break;
        case 0x10: n = refusal(apdu, b, p1); break;
        case 0x11: n = aids(b); break;
        case 0x12: Util.setShort(b, (short) 0, (short) (JCSystem.getPreviousContextAID() == null ? 1 : 0)); b[2] = JCSystem.getAssignedChannel(); b[3] = APDU.getCLAChannel(); b[4] = JCSystem.getTransactionDepth(); Util.setShort(b, (short) 5, JCSystem.getVersion()); n = 7; break;
        case 0x13: // transients: write P1 if not 0, read both
            if (p1 != 0) { onReset[0] = p1; onDeselect[0] = p1; }
            b[0] = onReset[0]; b[1] = onDeselect[0]; b[2] = JCSystem.isTransient(onReset); b[3] = JCSystem.isTransient(onDeselect); b[4] = JCSystem.isTransient(store); n = 5; break;
        case 0x14: states(apdu, b); return;
        case 0x15: { RandomData r = RandomData.getInstance(RandomData.ALG_SECURE_RANDOM); r.generateData(b, (short) 0, (short) 16); r.generateData(b, (short) 16, (short) 16); n = 32; break; }
        case 0x16: n = ecdsa(b); break;
        case 0x17: n = aes(b); break;
        case 0x18: n = digests(b); break;
        case 0x19: { // garbage, freed when this command is over
            for (short i = 0; i < 20; i++) kept = new byte[500];
            kept = null;
            if (p1 != 0) JCSystem.requestObjectDeletion();
            Util.setShort(b, (short) 0, (short) 0); n = 2; break; }
        case 0x1A: // free persistent bytes, 32 bits
            JCSystem.getAvailableMemory(words(), (short) 0, JCSystem.MEMORY_TYPE_PERSISTENT);
            Util.setShort(b, (short) 0, words[0]); Util.setShort(b, (short) 2, words[1]); n = 4; break;
        case 0x20: n = Util.arrayCopyNonAtomic(log, (short) 0, b, (short) 0, (short) log.length); break;
        case 0x21: failure(apdu, b, p1); break;
        case 0x22: b[0] = stored; b[1] = installs; n = 2; break;
        case 0x23: stored = p1; break;
        case 0x30: n = apdu.setIncomingAndReceive(); { short c = apdu.getOffsetCdata(), all = apdu.getIncomingLength(), sum = 0, total = 0;
            while (n > 0) { for (short i = 0; i < n; i++) sum += b[(short) (c + i)] & 0xFF; total += n; n = apdu.receiveBytes(c); }
            Util.setShort(b, (short) 0, c); Util.setShort(b, (short) 2, all); Util.setShort(b, (short) 4, total); Util.setShort(b, (short) 6, sum); n = 8; } break;
        case 0x31: { // P1P2 bytes in pieces of 200
            short left = Util.getShort(b, ISO7816.OFFSET_P1);
            for (short i = 0; i < scratch.length; i++) scratch[i] = (byte) i;
            apdu.setOutgoing(); apdu.setOutgoingLength(left);
            while (left > 0) { short piece = left > 200 ? 200 : left; apdu.sendBytesLong(scratch, (short) 0, piece); left -= piece; }
            return; }
        case 0x32: b[0] = (byte) (apdu.isISOInterindustryCLA() ? 1 : 0); b[1] = (byte) (apdu.isSecureMessagingCLA() ? 1 : 0); b[2] = (byte) (apdu.isCommandChainingCLA() ? 1 : 0); b[3] = (byte) (apdu.isValidCLA() ? 1 : 0); n = 4; break;
        case 0x35: // nothing more, after all was sent
            if (p1 == 0) { apdu.setOutgoing(); apdu.setOutgoingLength((short) 1); apdu.sendBytes((short) 0, (short) 1); }
            else apdu.setOutgoingAndSend((short) 0, (short) 1);
            apdu.sendBytes((short) 0, (short) 0); return;
        case 0x34: // what is in the buffer before it is received
            n = 6; Util.arrayCopyNonAtomic(b, ISO7816.OFFSET_LC, b, (short) 0, n); break;
        case 0x33: b[0] = (byte) (APDU.getCurrentAPDU() == apdu ? 1 : 0); b[1] = (byte) (APDU.getCurrentAPDUBuffer() == b ? 1 : 0); b[2] = APDU.getProtocol(); n = 3; break;
        default: ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
        }
        apdu.setOutgoingAndSend((short) 0, n);
    }

    short[] words;
    short[] words() { if (words == null) words = JCSystem.makeTransientShortArray((short) 2, JCSystem.CLEAR_ON_RESET); return words; }

    short pinState(byte[] b) { b[1] = pin.getTriesRemaining(); b[2] = (byte) (pin.isValidated() ? 1 : 0); b[3] = stored; return 4; }

    /** What a native throws: a class (1..) and a reason. */
    short refusal(APDU apdu, byte[] b, byte which) {
        byte kind = 0; short reason = 0;
        try {
            switch (which) {
            case 0: Util.arrayCopy(null, (short) 0, b, (short) 0, (short) 1); break;
            case 1: Util.arrayCopy(store, (short) 39, b, (short) 0, (short) 2); break;
            case 2: Util.arrayCopyNonAtomic(store, (short) 0, b, (short) 0, (short) -1); break;
            case 3: JCSystem.makeTransientByteArray((short) 1, (byte) 3); break;
            case 4: JCSystem.makeTransientByteArray((short) -1, (byte) 1); break;
            case 5: JCSystem.beginTransaction(); try { JCSystem.beginTransaction(); } finally { JCSystem.abortTransaction(); } break;
            case 6: JCSystem.commitTransaction(); break;
            case 7: JCSystem.abortTransaction(); break;
            case 8: apdu.receiveBytes((short) 0); break;
            case 9: apdu.sendBytes((short) 0, (short) 1); break;
            case 10: apdu.setOutgoingLength((short) 1); break;
            case 11: apdu.getOffsetCdata(); break;
            case 12: MessageDigest.getInstance((byte) 99, false); break;
            case 13: Cipher.getInstance((byte) 99, false); break;
            case 14: KeyBuilder.buildKey(KeyBuilder.TYPE_RSA_PUBLIC, (short) 448, false); break;
            case 15: new OwnerPIN((byte) 0, (byte) 4); break;
            case 16: pin.update(store, (short) 0, (byte) 9); break;
            case 17: new AID(store, (short) 0, (byte) 4); break;
            case 18: JCSystem.getAppletShareableInterfaceObject(null, (byte) 0); break;
            case 19: { AESKey k = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, (short) 128, false); Cipher c = Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_ECB_NOPAD, false); c.init(k, Cipher.MODE_ENCRYPT); } break;
            case 20: { AESKey k = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, (short) 128, false); k.setKey(store, (short) 0); Cipher c = Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_ECB_NOPAD, false); c.init(k, Cipher.MODE_ENCRYPT); c.doFinal(store, (short) 0, (short) 15, scratch, (short) 0); } break;
            case 21: Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_ECB_NOPAD, false).doFinal(store, (short) 0, (short) 16, scratch, (short) 0); break;
            case 22: register(); break;
            case 23: ((AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, (short) 128, false)).getKey(b, (short) 0); break;
            case 24: apdu.setOutgoingAndSend((short) 0, (short) 262); break;
            case 25: kept = apdu; break;
            case 26: kept = b; break;
            case 27: Checksum.getInstance((byte) 99, false); break;
            case 28: UserException.throwIt((short) 0x1234); break;
            case 29: Util.getShort(store, (short) 39); break;
            case 30: Signature.getInstance(Signature.ALG_ECDSA_SHA_256, false).sign(store, (short) 0, (short) 1, scratch, (short) 0); break;
            case 31: JCSystem.lookupAID(store, (short) 0, (byte) 41); break;
            default: return 0;
            }
        } catch (NullPointerException e) { kind = 1; }
        catch (ArrayIndexOutOfBoundsException e) { kind = 2; }
        catch (NegativeArraySizeException e) { kind = 3; }
        catch (SecurityException e) { kind = 4; }
        catch (SystemException e) { kind = 5; reason = e.getReason(); }
        catch (TransactionException e) { kind = 6; reason = e.getReason(); }
        catch (APDUException e) { kind = 7; reason = e.getReason(); }
        catch (CryptoException e) { kind = 8; reason = e.getReason(); }
        catch (PINException e) { kind = 9; reason = e.getReason(); }
        catch (UserException e) { kind = 10; reason = e.getReason(); }
        b[0] = kind;
        Util.setShort(b, (short) 1, reason);
        return 3;
    }

    short aids(byte[] b) {
        AID me = JCSystem.getAID();
        byte length = me.getBytes(b, (short) 1);
        b[0] = length;
        short at = (short) (length + 1);
        b[at++] = (byte) (JCSystem.lookupAID(b, (short) 1, length) == me ? 1 : 0);
        b[at++] = (byte) (me.equals(b, (short) 1, length) ? 1 : 0);
        b[at++] = (byte) (me.partialEquals(b, (short) 1, (byte) 5) ? 1 : 0);
        b[at++] = (byte) (me.equals(b, (short) 1, (byte) 5) ? 1 : 0);
        AID other = new AID(b, (short) 1, (byte) 6);
        b[at++] = (byte) (me.equals((Object) other) ? 1 : 0);
        b[at++] = (byte) (me.RIDEquals(other) ? 1 : 0);
        b[at++] = (byte) (me.equals((Object) this) ? 1 : 0);
        b[at++] = (byte) (JCSystem.isAppletActive(me) ? 1 : 0);
        b[at++] = me.getPartialBytes((short) 1, scratch, (short) 0, (byte) 2);
        b[at++] = (byte) (scratch[0] == b[2] && scratch[1] == b[3] ? 1 : 0);
        b[at++] = (byte) (JCSystem.lookupAID(b, (short) 1, (byte) 5) == null ? 1 : 0);
        return at;
    }

    void states(APDU apdu, byte[] b) {
        onReset[1] = apdu.getCurrentState(); short length = apdu.setIncomingAndReceive();
        onReset[2] = apdu.getCurrentState(); short le = apdu.setOutgoing();
        onReset[3] = apdu.getCurrentState(); apdu.setOutgoingLength((short) 9);
        onReset[4] = apdu.getCurrentState(); b[0] = (byte) length; Util.setShort(b, (short) 1, le); apdu.sendBytes((short) 0, (short) 3);
        onReset[5] = apdu.getCurrentState(); apdu.sendBytesLong(onReset, (short) 1, (short) 6);
        onReset[6] = apdu.getCurrentState();
    }

    short ecdsa(byte[] b) {
        KeyPair pair = new KeyPair(KeyPair.ALG_EC_FP, (short) 256);
        pair.genKeyPair();
        Signature s = Signature.getInstance(Signature.ALG_ECDSA_SHA_256, false);
        s.init(pair.getPrivate(), Signature.MODE_SIGN);
        s.update(store, (short) 0, (short) 10);
        short length = s.sign(store, (short) 10, (short) 10, scratch, (short) 0);
        short w = ((ECPublicKey) pair.getPublic()).getW(b, (short) 4);
        s.init(pair.getPublic(), Signature.MODE_VERIFY);
        b[0] = (byte) (s.verify(store, (short) 0, (short) 20, scratch, (short) 0, length) ? 1 : 0);
        b[1] = (byte) (s.verify(store, (short) 0, (short) 19, scratch, (short) 0, length) ? 1 : 0);
        b[2] = (byte) w; b[3] = (byte) length;
        Util.arrayCopyNonAtomic(scratch, (short) 0, b, (short) (4 + w), length);
        return (short) (4 + w + length);
    }

    short aes(byte[] b) {
        for (short i = 0; i < 64; i++) scratch[i] = (byte) i;
        AESKey key = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES_TRANSIENT_RESET, KeyBuilder.LENGTH_AES_128, false);
        b[0] = (byte) (key.isInitialized() ? 1 : 0);
        key.setKey(scratch, (short) 0);
        b[1] = (byte) (key.isInitialized() ? 1 : 0);
        b[2] = key.getType(); b[3] = (byte) key.getSize();
        Cipher cbc = Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_CBC_NOPAD, false);
        cbc.init(key, Cipher.MODE_ENCRYPT, scratch, (short) 16, (short) 16);
        short n = cbc.update(scratch, (short) 0, (short) 20, scratch, (short) 100);
        n += cbc.update(scratch, (short) 20, (short) 5, scratch, (short) (100 + n));
        b[4] = (byte) n;
        n += cbc.doFinal(scratch, (short) 25, (short) 23, scratch, (short) (100 + n));
        b[5] = (byte) n;
        Util.arrayCopyNonAtomic(scratch, (short) 100, b, (short) 8, n);
        cbc.init(key, Cipher.MODE_DECRYPT, scratch, (short) 16, (short) 16);
        cbc.doFinal(scratch, (short) 100, n, scratch, (short) 200);
        b[6] = Util.arrayCompare(scratch, (short) 0, scratch, (short) 200, n);
        key.clearKey();
        b[7] = (byte) (key.isInitialized() ? 1 : 0);
        return (short) (8 + n);
    }

    short digests(byte[] b) {
        MessageDigest one = MessageDigest.getInstance(MessageDigest.ALG_SHA, false);
        MessageDigest two = MessageDigest.getInstance(MessageDigest.ALG_SHA_256, false);
        byte[] abc = {0x61, 0x62, 0x63};
        one.update(abc, (short) 0, (short) 1);
        two.update(abc, (short) 0, (short) 2);
        short n = one.doFinal(abc, (short) 1, (short) 2, b, (short) 0);
        two.reset();
        return (short) (n + two.doFinal(abc, (short) 0, (short) 3, b, n));
    }

    void failure(APDU apdu, byte[] b, byte which) {
        switch (which) {
        case 0: stored = 1; ISOException.throwIt((short) 0x6A80); break;
        case 1: { byte[] none = null; stored = none[0]; break; }
        case 2: JCSystem.beginTransaction(); stored = 99; Util.arrayFill(store, (short) 0, (short) 4, (byte) 9); ISOException.throwIt((short) 0x6A81); break;
        case 3: JCSystem.beginTransaction(); stored = 98; break;
        case 4: b[0] = 7; apdu.setOutgoingAndSend((short) 0, (short) 1); ISOException.throwIt((short) 0x6310); break;
        case 5: b[0] = 7; apdu.setOutgoingAndSend((short) 0, (short) 1); ISOException.throwIt((short) 0x6A82); break;
        case 6: deep((short) 0); break;
        case 7: b[0] = 7; apdu.setOutgoingAndSend((short) 0, (short) 1); ISOException.throwIt((short) 0x610E); break;
        default: ISOException.throwIt((short) 0x9123);
        }
    }

    short deep(short n) { return deep((short) (n + 1)); }
}
