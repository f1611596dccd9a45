package lab.security;

import javacard.framework.*;
import javacard.security.*;
import javacardx.crypto.Cipher;
import lab.cases.Cases;

/** javacard.security without public keys: digests, checksums, random data, authentication codes, secret keys. */
public class Security extends Cases {
    static final byte SIGN = Signature.MODE_SIGN;
    static final byte VERIFY = Signature.MODE_VERIFY;
    static final short D = ISO7816.OFFSET_CDATA;

    final byte[] a = new byte[80];
    final byte[] b = new byte[80];
    final byte[] key = {0x2B, 0x7E, 0x15, 0x16, 0x28, (byte) 0xAE, (byte) 0xD2, (byte) 0xA6, (byte) 0xAB, (byte) 0xF7, 0x15, (byte) 0x88, 0x09, (byte) 0xCF, 0x4F, 0x3C};
    // They outlive a reset.
    final AESKey kept = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, KeyBuilder.LENGTH_AES_128, false);
    final AESKey transientKey = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES_TRANSIENT_RESET, KeyBuilder.LENGTH_AES_128, false);
    final Signature mac = Signature.getInstance(Signature.ALG_AES_MAC_128_NOPAD, false);
    final MessageDigest sha = MessageDigest.getInstance(MessageDigest.ALG_SHA_256, false);
    final Checksum crc = Checksum.getInstance(Checksum.ALG_ISO3309_CRC32, false);

    public static void install(byte[] b, short o, byte l) { new Security().register(); }

    /** An applet may have subclasses of its own; what it leaves to the platform does nothing. */
    static class Own extends MessageDigest {
        public byte getAlgorithm() { return 77; }
        public byte getLength() { return 0; }
        public short doFinal(byte[] i, short o, short l, byte[] t, short p) { return 0; }
        public void update(byte[] i, short o, short l) { }
        public void reset() { }
        public short doIntermediateMessageDigest(byte[] t, short p) { return 0; }
    }

    static class OwnInitialized extends InitializedMessageDigest {
        public byte getAlgorithm() { return 78; }
        public byte getLength() { return 0; }
        public short doFinal(byte[] i, short o, short l, byte[] t, short p) { return 0; }
        public void update(byte[] i, short o, short l) { }
        public void reset() { }
        public short doIntermediateMessageDigest(byte[] t, short p) { return 0; }
        public void setInitialDigest(byte[] d, short o, short l, byte[] c, short p, short m) { }
    }

    static class OwnChecksum extends Checksum {
        public byte getAlgorithm() { return 79; }
        public void init(byte[] i, short o, short l) { }
        public short doFinal(byte[] i, short o, short l, byte[] t, short p) { return 0; }
        public void update(byte[] i, short o, short l) { }
    }

    static class OwnRandom extends RandomData {
        public byte getAlgorithm() { return 80; }
        public void generateData(byte[] t, short o, short l) { }
        public short nextBytes(byte[] t, short o, short l) { return 0; }
        public void setSeed(byte[] t, short o, short l) { }
    }

    static class OwnSignature extends Signature {
        public byte getAlgorithm() { return 81; }
        public byte getCipherAlgorithm() { return 0; }
        public byte getMessageDigestAlgorithm() { return 0; }
        public byte getPaddingAlgorithm() { return 0; }
        public short getLength() { return 0; }
        public void init(Key k, byte m) { }
        public void init(Key k, byte m, byte[] i, short o, short l) { }
        public void setInitialDigest(byte[] d, short o, short l, byte[] c, short p, short m) { }
        public short sign(byte[] i, short o, short l, byte[] s, short p) { return 0; }
        public short signPreComputedHash(byte[] i, short o, short l, byte[] s, short p) { return 0; }
        public void update(byte[] i, short o, short l) { }
        public boolean verify(byte[] i, short o, short l, byte[] s, short p, short m) { return false; }
        public boolean verifyPreComputedHash(byte[] i, short o, short l, byte[] s, short p, short m) { return false; }
    }

    static SecretKey build(byte type, byte[] from, short offset, short length) {
        Key key = KeyBuilder.buildKey(type, (short) (length * 8), false);
        if (key instanceof DESKey) ((DESKey) key).setKey(from, offset);
        else if (key instanceof AESKey) ((AESKey) key).setKey(from, offset);
        else if (key instanceof HMACKey) ((HMACKey) key).setKey(from, offset, length);
        else ((GenericSecretKey) key).setKey(from, offset, length);
        return (SecretKey) key;
    }

    AESKey aes() { return (AESKey) build(KeyBuilder.TYPE_AES, key, O, (short) 16); }

    Signature cbc(byte mode) {
        Signature signature = Signature.getInstance(Signature.ALG_AES_MAC_128_NOPAD, false);
        signature.init(aes(), mode);
        return signature;
    }

    protected void run(byte which, APDU apdu) {
        byte[] in = apdu.getBuffer();
        short length = which < 0x10 ? apdu.setIncomingAndReceive() : 0;
        short end = (short) (D + length);
        switch (which) {
        // [algorithm] [message]: in two pieces, after a reset, and at once.
        case 0x00: {
            MessageDigest digest = MessageDigest.getInstance(in[D], false);
            short from = (short) (D + 1), count = (short) (end - from), half = (short) (count / 2);
            digest.update(in, from, half);
            put(digest.doFinal(in, (short) (from + half), (short) (count - half), a, O) == digest.getLength() && digest.getAlgorithm() == in[D]);
            digest.update(key, O, (short) 5);
            digest.reset();
            digest.doFinal(in, from, count, b, O);
            put(Util.arrayCompare(a, O, b, O, digest.getLength()) == 0);
            put(a, O, digest.getLength());
            break;
        }
        // The same with an object for one message.
        case 0x01: {
            MessageDigest.OneShot digest = MessageDigest.OneShot.open(in[D]);
            digest.reset();
            short size = digest.doFinal(in, (short) (D + 1), (short) (length - 1), a, O);
            put(size == digest.getLength() && digest.getAlgorithm() == in[D]);
            put(a, O, size);
            digest.close();
            digest.close();
            break;
        }
        // [algorithm] [initial value's length] [initial value] [message]
        case 0x02: {
            Checksum sum = Checksum.getInstance(in[D], false);
            short from = (short) (D + 2 + in[(short) (D + 1)]), count = (short) (end - from);
            if (in[(short) (D + 1)] != 0) sum.init(in, (short) (D + 2), in[(short) (D + 1)]);
            sum.update(in, from, (short) 3);
            short size = sum.doFinal(in, (short) (from + 3), (short) (count - 3), a, O);
            put(sum.getAlgorithm() == in[D]);
            put(a, O, size);
            break;
        }
        // [algorithm] [key type] [key length] [key] [iv length] [iv] [message]: signed in two pieces and verified.
        case 0x03:
            code(Signature.getInstance(in[D], false), in, (short) (D + 1), end);
            break;
        // [digest] [cipher] [padding], and the rest as above, also with an object for one message.
        case 0x04: {
            Signature.OneShot one = Signature.OneShot.open(in[D], in[(short) (D + 1)], in[(short) (D + 2)]);
            code(Signature.getInstance(in[D], in[(short) (D + 1)], in[(short) (D + 2)], false), in, (short) (D + 3), end);
            short at = (short) (D + 3), keyLength = in[(short) (at + 1)];
            SecretKey key = build(in[at], in, (short) (at + 2), keyLength);
            at = (short) (at + 2 + keyLength);
            short iv = in[at++];
            if (iv == 0) one.init(key, SIGN); else one.init(key, SIGN, in, at, iv);
            at += iv;
            short size = one.sign(in, at, (short) (end - at), b, O);
            put(Util.arrayCompare(a, O, b, O, size) == 0 && size == one.getLength());
            put(one.getMessageDigestAlgorithm());
            put(one.getCipherAlgorithm());
            put(one.getPaddingAlgorithm());
            put(one.getAlgorithm());
            one.init(key, VERIFY);
            put(one.verify(in, at, (short) (end - at), b, O, size) == (iv == 0));
            one.close();
            break;
        }
        // [algorithm] [bytes before] [message]: stops there, and goes on with other objects.
        case 0x05: {
            MessageDigest first = MessageDigest.getInstance(in[D], false);
            short from = (short) (D + 2), before = in[(short) (D + 1)], rest = (short) (end - from - before);
            first.update(in, from, before);
            short size = first.doIntermediateMessageDigest(a, O);
            put(MessageDigest.isIntermediateMessageDigestSupported(in[D]));
            first.doFinal(in, (short) (from + before), rest, a, size);
            put(a, size, first.getLength());
            b[0] = 0;
            b[1] = (byte) before;
            InitializedMessageDigest second = MessageDigest.getInitializedMessageDigestInstance(in[D], false);
            second.setInitialDigest(a, O, size, b, O, (short) 2);
            put(second.doIntermediateMessageDigest(b, (short) 2) == size);
            second.update(in, (short) (from + before), (short) 1);
            short got = second.doFinal(in, (short) (from + before + 1), (short) (rest - 1), b, (short) 2);
            put(Util.arrayCompare(a, size, b, (short) 2, got) == 0);
            second.reset();
            InitializedMessageDigest.OneShot third = InitializedMessageDigest.OneShot.open(in[D]);
            third.setInitialDigest(a, O, size, b, O, (short) 2);
            third.doFinal(in, (short) (from + before), rest, b, (short) 2);
            put(Util.arrayCompare(a, size, b, (short) 2, got) == 0 && third.getAlgorithm() == in[D]);
            third.close();
            break;
        }
        case 0x20: MessageDigest.getInstance((byte) 12, false); break;
        case 0x21: sha.update(null, O, (short) 1); break;
        case 0x22: sha.update(a, (short) 80, (short) 1); break;
        case 0x23: sha.doFinal(a, O, (short) 0, b, (short) 49); break;
        case 0x24: sha.doFinal(a, (short) -1, (short) 1, b, O); break;
        case 0x25: MessageDigest.getInitializedMessageDigestInstance(MessageDigest.ALG_SHA3_256, false); break;
        case 0x26: MessageDigest.OneShot.open((byte) 0); break;
        case 0x27: MessageDigest.OneShot.open(MessageDigest.ALG_SHA).update(a, O, (short) 1); break;
        case 0x28: { MessageDigest.OneShot one = MessageDigest.OneShot.open(MessageDigest.ALG_SHA); one.close(); one.getLength(); break; }
        case 0x29: for (short i = 0; i < 9; i++) MessageDigest.OneShot.open(MessageDigest.ALG_SHA); break;
        case 0x2A: sha.reset(); sha.update(a, O, (short) 63); sha.doIntermediateMessageDigest(b, O); break;
        case 0x2B: initial((short) 31, (short) 64); break;
        case 0x2C: initial((short) 32, (short) 63); break;
        case 0x2D: initial((short) 32, (short) 0); break;
        case 0x2E: put(MessageDigest.isIntermediateMessageDigestSupported(MessageDigest.ALG_SHA3_512)); put(new Own().getAlgorithm()); put(new OwnInitialized().getAlgorithm()); put(new OwnChecksum().getAlgorithm()); put(new OwnRandom().getAlgorithm()); put(new OwnSignature().getAlgorithm()); break;
        // Two computations at once, and an abort that takes neither back.
        case 0x2F: {
            MessageDigest other = MessageDigest.getInstance(MessageDigest.ALG_SHA_256, false);
            sha.reset();
            JCSystem.beginTransaction();
            sha.update(key, O, (short) 8);
            other.update(key, O, (short) 1);
            JCSystem.abortTransaction();
            sha.update(key, (short) 8, (short) 8);
            sha.doFinal(a, O, O, a, O);
            sha.doFinal(key, O, (short) 16, b, O);
            put(Util.arrayCompare(a, O, b, O, (short) 32) == 0);
            break;
        }
        case 0x30: Checksum.getInstance((byte) 3, false); break;
        case 0x31: crc.init(a, O, (short) 3); break;
        case 0x32: crc.doFinal(a, O, (short) 1, b, (short) 77); break;
        case 0x33: { InitializedMessageDigest.OneShot.open(MessageDigest.ALG_SHA).update(a, O, (short) 1); break; }
        case 0x34: { InitializedMessageDigest.OneShot one = InitializedMessageDigest.OneShot.open(MessageDigest.ALG_SHA); put(one.getLength()); one.reset(); one.doIntermediateMessageDigest(a, O); break; }
        case 0x35: MessageDigest.OneShot.open(MessageDigest.ALG_SHA).doIntermediateMessageDigest(a, O); break;

        case 0x38: {
            for (byte algorithm = 1; algorithm <= 6; algorithm++) {
                RandomData random = RandomData.getInstance(algorithm);
                Util.arrayFillNonAtomic(a, O, (short) 40, (byte) 0);
                random.setSeed(key, O, (short) 16);
                put(random.getAlgorithm() == algorithm && random.nextBytes(a, (short) 1, (short) 32) == 33 && a[0] == 0 && a[33] == 0);
                random.generateData(b, (short) 1, (short) 32);
                put(Util.arrayCompare(a, (short) 1, b, (short) 1, (short) 32) != 0);
            }
            break;
        }
        case 0x39: {
            RandomData.OneShot random = RandomData.OneShot.open(RandomData.ALG_KEYGENERATION);
            random.setSeed(key, O, (short) 16);
            random.generateData(a, O, (short) 16);
            put(random.nextBytes(b, O, (short) 16));
            put(random.getAlgorithm());
            put(Util.arrayCompare(a, O, b, O, (short) 16) != 0);
            random.close();
            random.nextBytes(b, O, (short) 16);
            break;
        }
        case 0x3A: RandomData.getInstance((byte) 7); break;
        case 0x3B: RandomData.getInstance(RandomData.ALG_FAST, true).nextBytes(a, O, (short) 0); break;
        case 0x3C: RandomData.getInstance(RandomData.ALG_TRNG).nextBytes(a, (short) 70, (short) 11); break;
        case 0x3D: RandomData.OneShot.open((byte) 0); break;

        // Keys.
        case 0x40: keys(); break;
        case 0x41: KeyBuilder.buildKey(KeyBuilder.TYPE_DES, (short) 56, false); break;
        case 0x42: KeyBuilder.buildKey((byte) 99, (short) 128, false); break;
        case 0x43: KeyBuilder.buildKey(KeyBuilder.ALG_TYPE_AES, (byte) 9, (short) 128, false); break;
        case 0x44: aes().setKey(key, (short) 1); break;
        case 0x45: ((AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, (short) 128, false)).getKey(a, O); break;
        case 0x46: aes().getKey(a, (short) 65); break;
        case 0x47: aes().setKey(null, O); break;
        case 0x48: build(KeyBuilder.TYPE_HMAC, key, O, (short) 16); ((HMACKey) KeyBuilder.buildKey(KeyBuilder.TYPE_HMAC, (short) 128, false)).setKey(key, O, O); break;
        case 0x49: ((GenericSecretKey) KeyBuilder.buildKey(KeyBuilder.TYPE_GENERIC_SECRET, (short) 64, false)).setKey(key, O, (short) 9); break;
        case 0x4A: ((DESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_DES, KeyBuilder.LENGTH_DES3_3KEY, false)).setKey(key, O); break;
        // What is set in a transaction is taken back with it.
        case 0x4B: {
            AESKey one = aes();
            JCSystem.beginTransaction();
            one.setKey(a, O);
            one.clearKey();
            JCSystem.abortTransaction();
            one.getKey(b, O);
            put(one.isInitialized() && Util.arrayCompare(key, O, b, O, (short) 16) == 0);
            break;
        }

        // Codes.
        case 0x50: Signature.getInstance((byte) 50, false); break;
        case 0x51: Signature.getInstance(MessageDigest.ALG_SHA, Signature.SIG_CIPHER_AES_MAC128, Cipher.PAD_NOPAD, false); break;
        case 0x52: Signature.getInstance(Signature.ALG_DES_MAC8_NOPAD, false).init(aes(), SIGN); break;
        case 0x53: Signature.getInstance(Signature.ALG_AES_CMAC_128, false).init(aes(), (byte) 3); break;
        case 0x54: Signature.getInstance(Signature.ALG_AES_CMAC_128, false).init(null, SIGN); break;
        case 0x55: Signature.getInstance(Signature.ALG_AES_CMAC_128, false).init(KeyBuilder.buildKey(KeyBuilder.TYPE_AES, (short) 128, false), SIGN); break;
        case 0x56: Signature.getInstance(Signature.ALG_AES_CMAC_128, false).init(aes(), SIGN, a, O, (short) 16); break;
        case 0x57: Signature.getInstance(Signature.ALG_AES_MAC_128_NOPAD, false).init(aes(), SIGN, a, O, (short) 15); break;
        case 0x58: Signature.getInstance(Signature.ALG_HMAC_SHA_256, false).init(build(KeyBuilder.TYPE_HMAC, key, O, (short) 16), SIGN, a, O, (short) 16); break;
        case 0x59: Signature.getInstance(Signature.ALG_AES_CMAC_128, false).sign(a, O, (short) 1, b, O); break;
        case 0x5A: Signature.getInstance(Signature.ALG_AES_CMAC_128, false).update(a, O, (short) 1); break;
        case 0x5B: Signature.getInstance(Signature.ALG_AES_CMAC_128, false).getLength(); break;
        case 0x5C: cbc(VERIFY).sign(a, O, (short) 16, b, O); break;
        case 0x5D: cbc(SIGN).verify(a, O, (short) 16, b, O, (short) 16); break;
        case 0x5E: cbc(SIGN).sign(a, O, (short) 15, b, O); break;
        case 0x5F: cbc(SIGN).sign(a, O, O, b, O); break;
        case 0x60: cbc(SIGN).sign(a, O, (short) 16, b, (short) 65); break;
        case 0x61: cbc(SIGN).setInitialDigest(a, O, (short) 32, b, O, (short) 2); break;
        case 0x62: cbc(SIGN).signPreComputedHash(a, O, (short) 16, b, O); break;
        case 0x63: cbc(VERIFY).verifyPreComputedHash(a, O, (short) 16, b, O, (short) 16); break;
        // A message that was refused is over; arguments that are refused change nothing.
        case 0x64: {
            Signature one = cbc(SIGN);
            one.sign(key, O, (short) 16, a, O);
            one.update(key, O, (short) 3);
            try { one.sign(key, O, O, b, O); } catch (CryptoException e) { put(e.getReason()); }
            one.update(key, O, (short) 3);
            try { one.sign(key, (short) 3, (short) 13, b, (short) 65); } catch (ArrayIndexOutOfBoundsException e) { put((byte) 1); }
            one.sign(key, (short) 3, (short) 13, b, O);
            put(Util.arrayCompare(a, O, b, O, (short) 16) == 0);
            break;
        }
        // The initial vector is for one message.
        case 0x65: {
            Signature one = Signature.getInstance(Signature.ALG_AES_MAC_128_NOPAD, false);
            one.init(aes(), SIGN, key, O, (short) 16);
            one.sign(key, O, (short) 16, a, O);
            one.sign(key, O, (short) 16, b, O);
            put(Util.arrayCompare(a, O, b, O, (short) 16) == 0);
            one.init(aes(), SIGN);
            one.sign(key, O, (short) 16, a, O);
            put(Util.arrayCompare(a, O, b, O, (short) 16) == 0);
            break;
        }
        case 0x66: { AESKey one = aes(); Signature m = Signature.getInstance(Signature.ALG_AES_CMAC_128, false); m.init(one, SIGN); one.clearKey(); m.sign(a, O, (short) 1, b, O); break; }
        case 0x67: { AESKey one = aes(); Signature m = Signature.getInstance(Signature.ALG_AES_CMAC_128, false); m.init(one, SIGN); one.clearKey(); m.getLength(); break; }
        // A code of another length is another code.
        case 0x68: { Signature one = cbc(SIGN); one.sign(key, O, (short) 16, a, O); one = cbc(VERIFY); put(one.verify(key, O, (short) 16, a, O, (short) 15)); put(one.verify(key, O, (short) 16, a, O, (short) 16)); a[3] ^= 1; put(one.verify(key, O, (short) 16, a, O, (short) 16)); break; }
        case 0x69: Signature.OneShot.open((byte) 0, Signature.SIG_CIPHER_AES_CMAC128, Cipher.PAD_NULL).update(a, O, (short) 1); break;
        case 0x6A: Signature.OneShot.open((byte) 9, (byte) 9, (byte) 9); break;
        case 0x6B: { Signature.OneShot one = Signature.OneShot.open((byte) 0, Signature.SIG_CIPHER_AES_CMAC128, Cipher.PAD_NULL); one.init(aes(), SIGN); one.setInitialDigest(a, O, (short) 32, b, O, (short) 2); break; }
        case 0x6C: { Signature.OneShot one = Signature.OneShot.open((byte) 0, Signature.SIG_CIPHER_AES_CMAC128, Cipher.PAD_NULL); one.init(aes(), SIGN); one.signPreComputedHash(a, O, (short) 16, b, O); break; }
        case 0x6D: { Signature.OneShot one = Signature.OneShot.open((byte) 0, Signature.SIG_CIPHER_AES_CMAC128, Cipher.PAD_NULL); one.init(aes(), VERIFY); one.verifyPreComputedHash(a, O, (short) 16, b, O, (short) 16); break; }

        // What a reset leaves: 70 prepares, 71 asks.
        case 0x70:
            kept.setKey(key, O);
            transientKey.setKey(key, O);
            mac.init(kept, SIGN, key, O, (short) 16);
            mac.update(key, O, (short) 7);
            sha.reset();
            sha.update(key, O, (short) 7);
            crc.update(key, O, (short) 7);
            break;
        case 0x71:
            put(kept.isInitialized());
            put(transientKey.isInitialized());
            put(mac.sign(key, O, (short) 16, a, O) == 16);
            cbc(SIGN).sign(key, O, (short) 16, b, O);
            put(Util.arrayCompare(a, O, b, O, (short) 16) == 0);
            sha.doFinal(key, O, (short) 16, a, O);
            MessageDigest.getInstance(MessageDigest.ALG_SHA_256, false).doFinal(key, O, (short) 16, b, O);
            put(Util.arrayCompare(a, O, b, O, (short) 32) == 0);
            crc.doFinal(key, O, (short) 16, a, O);
            Checksum.getInstance(Checksum.ALG_ISO3309_CRC32, false).doFinal(key, O, (short) 16, b, O);
            put(Util.arrayCompare(a, O, b, O, (short) 4) == 0);
            break;
        default: ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
    }

    void code(Signature signature, byte[] in, short at, short end) {
        short keyLength = in[(short) (at + 1)];
        SecretKey key = build(in[at], in, (short) (at + 2), keyLength);
        at = (short) (at + 2 + keyLength);
        short iv = in[at++], ivAt = at;
        at += iv;
        short count = (short) (end - at), half = (short) (count / 2);
        if (iv == 0) signature.init(key, SIGN); else signature.init(key, SIGN, in, ivAt, iv);
        signature.update(in, at, half);
        short size = signature.sign(in, (short) (at + half), (short) (count - half), a, O);
        if (iv == 0) signature.init(key, VERIFY); else signature.init(key, VERIFY, in, ivAt, iv);
        signature.update(in, at, half);
        put(signature.verify(in, (short) (at + half), (short) (count - half), a, O, size) && size == signature.getLength());
        put(signature.getAlgorithm());
        put(signature.getMessageDigestAlgorithm());
        put(signature.getCipherAlgorithm());
        put(signature.getPaddingAlgorithm());
        put(a, O, size);
    }

    void initial(short size, short count) {
        InitializedMessageDigest digest = MessageDigest.getInitializedMessageDigestInstance(MessageDigest.ALG_SHA_256, false);
        Util.setShort(b, O, count);
        digest.setInitialDigest(a, O, size, b, O, (short) 2);
    }

    /** Every type of secret key, as its number, as its algorithm and memory. */
    void keys() {
        DESKey des = (DESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_DES_TRANSIENT_DESELECT, KeyBuilder.LENGTH_DES3_2KEY, false);
        put(des.getType()); put(des.getSize()); put(des.isInitialized());
        des.setKey(key, O);
        put(des.isInitialized()); put(des.getKey(a, O)); put(KeyBuilder.getMemoryType(des)); put(Util.arrayCompare(a, O, key, O, (short) 16));
        des.clearKey();
        put(des.isInitialized());
        HMACKey hmac = (HMACKey) KeyBuilder.buildKey(KeyBuilder.ALG_TYPE_HMAC, JCSystem.MEMORY_TYPE_TRANSIENT_RESET, (short) 64, false);
        hmac.setKey(key, (short) 1, (short) 15);
        put(hmac.getType()); put(hmac.getSize()); put(hmac.getKey(a, O)); put(KeyBuilder.getMemoryType(hmac)); put(Util.arrayCompare(a, O, key, (short) 1, (short) 15));
        GenericSecretKey secret = (GenericSecretKey) KeyBuilder.buildKey(KeyBuilder.ALG_TYPE_GENERIC_SECRET, JCSystem.MEMORY_TYPE_TRANSIENT_DESELECT, (short) 120, false);
        secret.setKey(key, O, (short) 15);
        put(secret.getType()); put(secret.getSize()); put(secret.getKey(a, O)); put(KeyBuilder.getMemoryType(secret)); put(Util.arrayCompare(a, O, key, O, (short) 15));
        AESKey aes = (AESKey) KeyBuilder.buildKey(KeyBuilder.ALG_TYPE_AES, JCSystem.MEMORY_TYPE_PERSISTENT, KeyBuilder.LENGTH_AES_256, true);
        put(aes.getType()); put(aes.getSize()); put(KeyBuilder.getMemoryType(aes));
    }
}
