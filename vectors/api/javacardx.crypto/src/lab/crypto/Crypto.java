package lab.crypto;

import javacard.framework.*;
import javacard.security.*;
import javacardx.crypto.*;
import lab.cases.Cases;

/** javacardx.crypto without public keys. */
public class Crypto extends Cases {
    static final byte ENCRYPT = Cipher.MODE_ENCRYPT;
    static final byte DECRYPT = Cipher.MODE_DECRYPT;
    static final short D = ISO7816.OFFSET_CDATA;

    final byte[] a = new byte[300];
    final byte[] b = new byte[300];
    final byte[] key = {0x2B, 0x7E, 0x15, 0x16, 0x28, (byte) 0xAE, (byte) 0xD2, (byte) 0xA6, (byte) 0xAB, (byte) 0xF7, 0x15, (byte) 0x88, 0x09, (byte) 0xCF, 0x4F, 0x3C};

    public static void install(byte[] b, short o, byte l) { new Crypto().register(); }

    /** An applet may have subclasses of its own. */
    static class Own extends Cipher {
        public byte getAlgorithm() { return 77; }
        public byte getCipherAlgorithm() { return 0; }
        public byte getPaddingAlgorithm() { return 0; }
        public void init(Key k, byte m) { }
        public void init(Key k, byte m, byte[] i, short o, short l) { }
        public short update(byte[] i, short o, short l, byte[] t, short p) { return 0; }
        public short doFinal(byte[] i, short o, short l, byte[] t, short p) { return 0; }
    }

    static class OwnAead extends AEADCipher {
        public byte getAlgorithm() { return 78; }
        public byte getCipherAlgorithm() { return 0; }
        public byte getPaddingAlgorithm() { return 0; }
        public void init(Key k, byte m) { }
        public void init(Key k, byte m, byte[] i, short o, short l) { }
        public void init(Key k, byte m, byte[] n, short o, short l, short x, short y, short z) { }
        public void updateAAD(byte[] i, short o, short l) { }
        public short update(byte[] i, short o, short l, byte[] t, short p) { return 0; }
        public short doFinal(byte[] i, short o, short l, byte[] t, short p) { return 0; }
        public short retrieveTag(byte[] t, short o, short l) { return 0; }
        public boolean verifyTag(byte[] t, short o, short l, short r) { return false; }
    }

    static SecretKey build(byte type, byte[] from, short offset, short length) {
        Key key = KeyBuilder.buildKey(type, (short) (length * 8), false);
        if (key instanceof DESKey) ((DESKey) key).setKey(from, offset); else ((AESKey) key).setKey(from, offset);
        return (SecretKey) key;
    }

    AESKey aes() { return (AESKey) build(KeyBuilder.TYPE_AES, key, O, (short) 16); }

    Cipher cbc(byte mode) {
        Cipher cipher = Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_CBC_NOPAD, false);
        cipher.init(aes(), mode);
        return cipher;
    }

    AEADCipher gcm(byte mode) {
        AEADCipher cipher = (AEADCipher) Cipher.getInstance(AEADCipher.ALG_AES_GCM, false);
        cipher.init(aes(), mode);
        return cipher;
    }

    AEADCipher ccm(byte mode, short aad, short text, short tag) {
        AEADCipher cipher = (AEADCipher) Cipher.getInstance(AEADCipher.ALG_AES_CCM, false);
        cipher.init(aes(), mode, key, O, (short) 13, aad, text, tag);
        return cipher;
    }

    protected void run(byte which, APDU apdu) {
        byte[] in = apdu.getBuffer();
        short length = which < 0x10 ? apdu.setIncomingAndReceive() : 0;
        short end = (short) (D + length);
        switch (which) {
        // [algorithm] [mode] [key type] [key length] [key] [iv length] [iv] [message]
        case 0x00: whole(Cipher.getInstance(in[D], false), in, (short) (D + 1), end); break;
        // [cipher] [padding], and the rest as above, also with an object for one message.
        case 0x01: {
            whole(Cipher.getInstance(in[D], in[(short) (D + 1)], false), in, (short) (D + 2), end);
            Cipher.OneShot one = Cipher.OneShot.open(in[D], in[(short) (D + 1)]);
            short at = (short) (D + 2);
            byte mode = in[at++], type = in[at++];
            short size = in[at++];
            SecretKey key = build(type, in, at, size);
            at += size;
            size = in[at++];
            if (size == 0) one.init(key, mode); else one.init(key, mode, in, at, size);
            at += size;
            size = one.doFinal(in, at, (short) (end - at), b, O);
            put(Util.arrayCompare(a, O, b, O, size) == 0 && one.getCipherAlgorithm() == in[D] && one.getPaddingAlgorithm() == in[(short) (D + 1)]);
            put(one.getAlgorithm());
            one.close();
            break;
        }
        // [mode] [key length] [key] [iv length] [iv] [aad length] [aad] [tag length] [tag, to verify] [message]
        case 0x02:
        case 0x03: {
            byte mode = in[D];
            short size = in[(short) (D + 1)], at = (short) (D + 2);
            SecretKey key = build(KeyBuilder.TYPE_AES, in, at, size);
            at += size;
            short iv = in[at++], ivAt = at;
            at += iv;
            short aad = in[at++], aadAt = at;
            at += aad;
            short tag = in[at++], tagAt = at;
            if (mode == DECRYPT) at += tag;
            short count = (short) (end - at), half = (short) (count / 2);
            AEADCipher cipher;
            if (which == 2) {
                cipher = (AEADCipher) Cipher.getInstance(AEADCipher.ALG_AES_GCM, false);
                cipher.init(key, mode, in, ivAt, iv);
            } else {
                cipher = (AEADCipher) Cipher.getInstance(AEADCipher.CIPHER_AES_CCM, Cipher.PAD_NULL, false);
                cipher.init(key, mode, in, ivAt, iv, aad, count, tag);
            }
            cipher.updateAAD(in, aadAt, (short) (aad / 2));
            cipher.updateAAD(in, (short) (aadAt + aad / 2), (short) (aad - aad / 2));
            short out = cipher.update(in, at, half, a, O);
            out += cipher.doFinal(in, (short) (at + half), (short) (count - half), a, out);
            put(a, O, out);
            if (mode == ENCRYPT) {
                put(cipher.retrieveTag(b, O, tag) == tag);
                put(b, O, tag);
            } else {
                put(cipher.verifyTag(in, tagAt, tag, tag));
                in[tagAt] ^= 1;
                put(cipher.verifyTag(in, tagAt, tag, tag));
            }
            put(cipher.getAlgorithm());
            put(cipher.getCipherAlgorithm());
            put(cipher.getPaddingAlgorithm());
            break;
        }

        case 0x20: Cipher.getInstance((byte) 99, false); break;
        case 0x21: Cipher.getInstance(Cipher.CIPHER_AES_CBC, Cipher.PAD_PKCS1_PSS, false); break;
        case 0x22: cbc((byte) 3); break;
        case 0x23: Cipher.getInstance(Cipher.ALG_DES_CBC_NOPAD, false).init(aes(), ENCRYPT); break;
        case 0x24: cbc(ENCRYPT).init(null, ENCRYPT); break;
        case 0x25: cbc(ENCRYPT).init(KeyBuilder.buildKey(KeyBuilder.TYPE_AES, (short) 128, false), ENCRYPT); break;
        case 0x26: cbc(ENCRYPT).init(aes(), ENCRYPT, a, O, (short) 15); break;
        case 0x27: Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_ECB_NOPAD, false).init(aes(), ENCRYPT, a, O, (short) 16); break;
        case 0x28: Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_CBC_NOPAD, false).doFinal(a, O, (short) 16, b, O); break;
        case 0x29: Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_CBC_NOPAD, false).update(a, O, (short) 16, b, O); break;
        case 0x2A: cbc(ENCRYPT).doFinal(a, O, (short) 15, b, O); break;
        case 0x2B: cbc(ENCRYPT).doFinal(a, O, O, b, O); break;
        case 0x2C: cbc(ENCRYPT).doFinal(a, O, (short) 16, b, (short) 285); break;
        case 0x2D: cbc(ENCRYPT).doFinal(a, (short) 285, (short) 16, b, O); break;
        case 0x2E: cbc(ENCRYPT).doFinal(a, O, (short) 16, null, O); break;
        case 0x2F: cbc(ENCRYPT).update(null, O, (short) 16, b, O); break;
        case 0x30: { Cipher c = Cipher.getInstance(Cipher.ALG_AES_CBC_PKCS5, false); c.init(aes(), DECRYPT); c.doFinal(key, O, (short) 16, b, O); break; }
        case 0x31: { Cipher c = Cipher.getInstance(Cipher.ALG_AES_CBC_PKCS5, false); c.init(aes(), DECRYPT); c.doFinal(key, O, O, b, O); break; }
        case 0x32: { Cipher c = Cipher.getInstance(Cipher.ALG_AES_XTS, false); c.init(build(KeyBuilder.TYPE_AES, a, O, (short) 32), ENCRYPT); c.doFinal(key, O, (short) 15, b, O); break; }
        case 0x33: { Cipher c = Cipher.getInstance(Cipher.ALG_AES_XTS, false); c.init(aes(), ENCRYPT); break; }
        case 0x34: cbc(ENCRYPT).init(build(KeyBuilder.TYPE_AES, a, O, (short) 64), ENCRYPT); break;
        case 0x35: { AESKey k = aes(); Cipher c = cbc(ENCRYPT); c.init(k, ENCRYPT); k.clearKey(); c.doFinal(key, O, (short) 16, b, O); break; }
        case 0x36: Cipher.OneShot.open(Cipher.CIPHER_AES_CBC, Cipher.PAD_NOPAD).update(a, O, (short) 16, b, O); break;
        case 0x37: Cipher.OneShot.open(Cipher.CIPHER_AES_CBC, Cipher.PAD_NULL); break;
        case 0x38: { Cipher.OneShot one = Cipher.OneShot.open(Cipher.CIPHER_AES_CBC, Cipher.PAD_NOPAD); one.doFinal(a, O, (short) 16, b, O); break; }
        case 0x39: { Cipher.OneShot one = Cipher.OneShot.open(Cipher.CIPHER_AES_CBC, Cipher.PAD_NOPAD); one.close(); one.getAlgorithm(); break; }
        case 0x3A: put(new Own().getAlgorithm()); put(new OwnAead().getAlgorithm()); break;
        // A message that was refused is over; arguments that are refused change nothing; the initial vector is for one message.
        case 0x3B: {
            Cipher c = cbc(ENCRYPT);
            c.doFinal(key, O, (short) 16, a, O);
            c.update(key, O, (short) 3, b, O);
            try { c.doFinal(key, O, O, b, O); } catch (CryptoException e) { put(e.getReason()); }
            c.update(key, O, (short) 3, b, O);
            try { c.doFinal(key, (short) 3, (short) 13, b, (short) 285); } catch (ArrayIndexOutOfBoundsException e) { put((byte) 1); }
            put(c.doFinal(key, (short) 3, (short) 13, b, O));
            put(Util.arrayCompare(a, O, b, O, (short) 16) == 0);
            c.init(aes(), ENCRYPT, key, O, (short) 16);
            c.doFinal(key, O, (short) 16, b, O);
            put(Util.arrayCompare(a, O, b, O, (short) 16) == 0);
            c.doFinal(key, O, (short) 16, b, O);
            put(Util.arrayCompare(a, O, b, O, (short) 16) == 0);
            break;
        }
        // Two messages at once; input and output overlap; an abort takes nothing back.
        case 0x3C: {
            Cipher one = cbc(ENCRYPT), two = cbc(ENCRYPT);
            Util.arrayFillNonAtomic(a, O, (short) 300, (byte) 7);
            one.doFinal(a, O, (short) 64, b, O);
            Util.arrayCopyNonAtomic(a, O, b, (short) 100, (short) 64);
            JCSystem.beginTransaction();
            short at = one.update(b, (short) 100, (short) 20, b, (short) 104);
            two.update(a, O, (short) 5, b, (short) 200);
            JCSystem.abortTransaction();
            put(at);
            at = one.doFinal(a, O, (short) 44, b, (short) 120);
            put(at);
            put(Util.arrayCompare(b, O, b, (short) 104, (short) 64) == 0);
            two.doFinal(a, O, (short) 59, b, (short) 100);
            put(Util.arrayCompare(b, O, b, (short) 100, (short) 64) == 0);
            break;
        }

        // Keys that decrypt what is set.
        case 0x40: {
            Cipher c = cbc(ENCRYPT);
            c.doFinal(a, O, (short) 16, b, O);
            c.init(aes(), DECRYPT);
            Util.arrayFillNonAtomic(a, O, (short) 16, (byte) 0);
            AESKey k = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, (short) 128, true);
            KeyEncryption e = (KeyEncryption) k;
            put(e.getKeyCipher() == null);
            e.setKeyCipher(c);
            put(e.getKeyCipher() == c);
            cbc(ENCRYPT).doFinal(key, O, (short) 16, b, O);
            k.setKey(b, O);
            k.getKey(a, O);
            put(Util.arrayCompare(key, O, a, O, (short) 16) == 0);
            e.setKeyCipher(null);
            k.setKey(b, O);
            k.getKey(a, O);
            put(Util.arrayCompare(b, O, a, O, (short) 16) == 0);
            break;
        }
        case 0x41: {
            DESKey k = (DESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_DES, (short) 64, true);
            Cipher c = Cipher.getInstance(Cipher.ALG_AES_CBC_PKCS5, false);
            c.init(aes(), DECRYPT);
            ((KeyEncryption) k).setKeyCipher(c);
            k.setKey(key, O);
            break;
        }
        case 0x42: {
            AESKey k = aes();
            ((KeyEncryption) k).setKeyCipher(cbc(ENCRYPT));
            k.setKey(key, O);
            break;
        }

        // Authenticated encryption.
        case 0x50: gcm(ENCRYPT).init(aes(), ENCRYPT, a, O, O); break;
        case 0x51: gcm(ENCRYPT).init(aes(), ENCRYPT, a, O, (short) 12, O, O, (short) 16); break;
        case 0x52: ccm(ENCRYPT, O, O, (short) 16).init(aes(), ENCRYPT); break;
        case 0x53: ccm(ENCRYPT, O, O, (short) 16).init(aes(), ENCRYPT, a, O, (short) 12); break;
        case 0x54: ccm(ENCRYPT, O, O, (short) 5); break;
        case 0x55: ccm(ENCRYPT, O, (short) -1, (short) 16); break;
        case 0x56: { AEADCipher c = gcm(ENCRYPT); c.update(a, O, (short) 1, b, O); c.updateAAD(a, O, (short) 1); break; }
        case 0x57: ccm(ENCRYPT, (short) 4, O, (short) 16).updateAAD(a, O, (short) 5); break;
        case 0x58: ccm(ENCRYPT, (short) 4, (short) 4, (short) 16).update(a, O, (short) 4, b, O); break;
        case 0x59: ccm(ENCRYPT, O, (short) 4, (short) 16).update(a, O, (short) 5, b, O); break;
        case 0x5A: ccm(ENCRYPT, O, (short) 4, (short) 16).doFinal(a, O, (short) 3, b, O); break;
        case 0x5B: gcm(ENCRYPT).retrieveTag(b, O, (short) 16); break;
        case 0x5C: { AEADCipher c = gcm(ENCRYPT); c.doFinal(a, O, O, b, O); c.retrieveTag(b, O, (short) 5); break; }
        case 0x5D: { AEADCipher c = gcm(ENCRYPT); c.doFinal(a, O, O, b, O); c.verifyTag(b, O, (short) 16, (short) 16); break; }
        case 0x5E: { AEADCipher c = gcm(DECRYPT); c.doFinal(a, O, O, b, O); c.retrieveTag(b, O, (short) 16); break; }
        case 0x5F: { AEADCipher c = ccm(ENCRYPT, O, O, (short) 8); c.doFinal(a, O, O, b, O); c.retrieveTag(b, O, (short) 16); break; }
        case 0x60: { AEADCipher c = gcm(DECRYPT); c.doFinal(a, O, O, b, O); c.verifyTag(b, O, (short) 16, (short) 3); break; }
        case 0x61: { AEADCipher c = gcm(DECRYPT); c.doFinal(a, O, O, b, O); put(c.verifyTag(b, O, (short) 8, (short) 12)); break; }
        case 0x62: ((AEADCipher) Cipher.getInstance(AEADCipher.ALG_AES_GCM, false)).doFinal(a, O, O, b, O); break;
        case 0x63: ((AEADCipher) Cipher.getInstance(AEADCipher.ALG_AES_GCM, false)).updateAAD(a, O, O); break;
        case 0x64: gcm(ENCRYPT).update(a, O, (short) 16, b, (short) 285); break;
        // The tag is there until the next message begins.
        case 0x65: { AEADCipher c = gcm(ENCRYPT); c.doFinal(key, O, (short) 16, a, O); c.retrieveTag(a, (short) 16, (short) 16); c.retrieveTag(b, O, (short) 16); put(Util.arrayCompare(a, (short) 16, b, O, (short) 16) == 0); c.doFinal(key, O, (short) 16, b, O); put(Util.arrayCompare(a, O, b, O, (short) 16) == 0); c.updateAAD(a, O, (short) 1); c.retrieveTag(b, O, (short) 16); break; }
        case 0x66: { AEADCipher c = ccm(ENCRYPT, O, (short) 4, (short) 16); c.doFinal(a, O, (short) 4, b, O); c.doFinal(a, O, (short) 4, b, O); break; }
        case 0x67: Cipher.OneShot.open(AEADCipher.CIPHER_AES_GCM, Cipher.PAD_NULL); break;
        default: ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
    }

    void whole(Cipher cipher, byte[] in, short at, short end) {
        byte mode = in[at++], type = in[at++];
        short size = in[at++];
        SecretKey key = build(type, in, at, size);
        at += size;
        short iv = in[at++], ivAt = at;
        at += iv;
        if (iv == 0) cipher.init(key, mode); else cipher.init(key, mode, in, ivAt, iv);
        short count = cipher.doFinal(in, at, (short) (end - at), a, O);
        put(a, O, count);
        if (iv == 0) cipher.init(key, mode); else cipher.init(key, mode, in, ivAt, iv);
        short out = cipher.update(in, at, (short) 1, b, O);
        for (short i = (short) (at + 1); i < end; i += 5) {
            short piece = (short) (end - i);
            if (piece > 5) piece = 5;
            out += cipher.update(in, i, piece, b, out);
        }
        out += cipher.doFinal(in, at, O, b, out);
        put(out == count && Util.arrayCompare(a, O, b, O, count) == 0);
        put(cipher.getAlgorithm());
        put(cipher.getCipherAlgorithm());
        put(cipher.getPaddingAlgorithm());
    }
}
