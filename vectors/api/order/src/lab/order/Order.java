package lab.order;
import javacard.framework.*;
import javacard.security.*;
import javacardx.crypto.*;
import javacardx.framework.tlv.*;
import javacardx.framework.util.*;
import lab.cases.Cases;
/** What is checked first, when more than one thing is wrong: the answers were observed on a reference simulator. */
public final class Order extends Cases {
    private static final byte[] SEED = { 1, 2, 3, 4, 5, 6, 7, 8 };
    private final byte[] a = JCSystem.makeTransientByteArray((short) 140, JCSystem.CLEAR_ON_RESET);
    private final byte[] b = new byte[140];
    private final short[] s = new short[4];
    private final boolean[] t = new boolean[4];
    private Order() { }
    public static void install(byte[] p, short o, byte l) { new Order().register(); }
    private static final short one = 1, two = 2, neg = -1;
    protected void run(byte which, APDU apdu) {
        JCSystem.requestObjectDeletion();
        a[0] = (byte) 0x80; a[1] = 1;
        switch (which) {
        case 0x00: put(Util.arrayCompare(a, O, a, one, one)); put(ArrayLogic.arrayCompareGeneric(a, O, a, one, one)); break;
        case 0x01: ArrayLogic.arrayCompareGeneric(null, neg, this, neg, neg); break;
        case 0x02: ArrayLogic.arrayCompareGeneric(this, neg, null, neg, neg); break;
        case 0x03: ArrayLogic.arrayCompareGeneric(s, neg, null, neg, neg); break;
        case 0x04: ArrayLogic.arrayCompareGeneric(s, neg, a, neg, neg); break;
        case 0x05: ArrayLogic.arrayCompareGeneric(s, neg, s, neg, neg); break;
        case 0x06: put(ArrayLogic.arrayCompareGeneric(t, O, t, O, one)); break;
        case 0x07: ArrayLogic.arrayCompareGeneric(s, neg, this, neg, neg); break;
        case 0x08: ArrayLogic.arrayFindGeneric(null, neg, null, neg); break;
        case 0x09: ArrayLogic.arrayFindGeneric(this, neg, null, neg); break;
        case 0x0A: put(ArrayLogic.arrayFindGeneric(s, (short) 4, a, O)); break;
        case 0x0B: ArrayLogic.arrayFillGeneric(s, neg, neg, a, neg); break;
        case 0x0C: ArrayLogic.arrayFillGeneric(this, neg, neg, null, neg); break;
        case 0x0D: ArrayLogic.arrayCopyRepack(s, neg, neg, null, neg); break;
        case 0x0E: ArrayLogic.arrayCopyRepack(this, neg, neg, null, neg); break;
        case 0x0F: ArrayLogic.arrayCopyRepack(a, neg, neg, this, neg); break;
        case 0x10: a[0] = 4; a[1] = 1; a[2] = 9; a[3] = 5; put(BERTLV.getInstance(a, O, (short) 4).size()); break;
        case 0x11: a[0] = 4; a[1] = 1; a[2] = 9; a[3] = 5; put(BERTLV.verifyFormat(a, O, (short) 4)); break;
        case 0x12: a[0] = 4; a[1] = 1; a[2] = 9; put(new PrimitiveBERTLV((short) 8).init(a, O, (short) 4)); break;
        case 0x13: put(Util.arrayCompare(a, O, a, O, (short) 0)); put(ArrayLogic.arrayCompareGeneric(a, O, a, O, O)); break;
        case 0x18: ec(KeyBuilder.TYPE_EC_FP_PRIVATE).setK((short) 0); put(one); break;
        case 0x1A: { ECKey k = ec(KeyBuilder.TYPE_EC_FP_PRIVATE); k.setK((short) -1); put(k.getK()); break; }
        case 0x1B: put(ec(KeyBuilder.TYPE_EC_FP_PRIVATE).getK()); break;
        case 0x1C: ec(KeyBuilder.TYPE_EC_FP_PRIVATE).copyDomainParametersFrom(null); break;
        case 0x1D: ec(KeyBuilder.TYPE_EC_FP_PRIVATE).copyDomainParametersFrom(ec(KeyBuilder.TYPE_EC_FP_PUBLIC)); break;
        case 0x1E: { KeyPair p2 = new KeyPair(KeyPair.ALG_EC_FP, (short) 192); p2.genKeyPair(); put(((ECKey) p2.getPublic()).getK()); break; }
        case 0x1F: KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DH, false).init((PrivateKey) ec(KeyBuilder.TYPE_EC_FP_PRIVATE)); break;
        case 0x20: KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DH, false).init(null); break;
        case 0x21: put(KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DH, false).generateSecret(null, O, O, null, O)); break;
        case 0x22: { KeyPair p2 = new KeyPair(KeyPair.ALG_EC_FP, (short) 192); p2.genKeyPair(); KeyAgreement g = KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DHC, false); ((ECKey) p2.getPrivate()).setK((short) 1); g.init(p2.getPrivate()); put(g.generateSecret(a, O, ((ECPublicKey) p2.getPublic()).getW(a, O), b, O)); break; }
        case 0x23: { KeyPair p2 = new KeyPair(KeyPair.ALG_EC_FP, (short) 192); p2.genKeyPair(); KeyAgreement g = KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DHC, false);  g.init(p2.getPrivate()); put(one); break; }
        case 0x24: KeyAgreement.getInstance(KeyAgreement.ALG_EC_PACE_GM, false); break;
        case 0x25: KeyAgreement.getInstance(KeyAgreement.ALG_DH_PLAIN, false); break;
        case 0x2B: new KeyPair(null, (PrivateKey) ec(KeyBuilder.TYPE_EC_FP_PRIVATE)); break;
        case 0x2C: new KeyPair((PublicKey) ec(KeyBuilder.TYPE_EC_FP_PUBLIC), null); break;
        case 0x2D: new KeyPair((byte) 99, (short) 512); break;
        case 0x30: sig(false).signPreComputedHash(a, O, (short) 20, b, O); break;
        case 0x31: put(sig(true).signPreComputedHash(a, O, (short) 19, b, O)); break;
        case 0x32: sig(true).signPreComputedHash(null, O, (short) 19, b, O); break;
        case 0x33: sig(true).signPreComputedHash(null, O, (short) 20, b, O); break;
        case 0x34: sig(true).signPreComputedHash(a, neg, (short) 19, b, O); break;
        case 0x35: sig(true).signPreComputedHash(a, O, (short) 20, null, O); break;
        case 0x38: sig(true).sign(null, O, (short) 20, null, O); break;
        case 0x3A: sig(true).sign(a, O, (short) 20, b, (short) 139); break;
        case 0x3B: { Signature g = ver(); put(g.verifyPreComputedHash(a, O, (short) 20, b, O, (short) 5)); break; }
        case 0x3C: { Signature g = ver(); put(g.verify(a, O, (short) 20, b, O, (short) 5)); break; }
        case 0x3D: { Signature g = ver(); put(g.verify(a, O, (short) 20, b, O, (short) 0)); break; }
        case 0x40: rnd(RandomData.ALG_PSEUDO_RANDOM).setSeed(null, O, O); break;
        case 0x41: rnd(RandomData.ALG_PSEUDO_RANDOM).setSeed(a, neg, O); break;
        case 0x42: rnd(RandomData.ALG_PSEUDO_RANDOM).setSeed(a, O, O); break;
        case 0x43: seeded(RandomData.ALG_PSEUDO_RANDOM); break;
        case 0x50: imd().setInitialDigest(null, O, (short) 19, a, O, two); break;
        case 0x51: imd().setInitialDigest(a, neg, (short) 19, a, O, two); break;
        case 0x53: a[0] = 0; a[1] = 64; imd().setInitialDigest(a, O, (short) 20, a, O, two); put(one); break;
        case 0x60: { AESKey k = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, (short) 128, false); k.setKey(a, O); Cipher c = Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_CBC_NOPAD, false); c.init(k, Cipher.MODE_ENCRYPT); put(c.update(a, O, (short) 16, b, O)); put(c.doFinal(a, O, O, b, O)); break; }
        case 0x61: { AESKey k = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, (short) 128, false); k.setKey(a, O); Cipher c = Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_CBC_NOPAD, false); c.init(k, Cipher.MODE_ENCRYPT); put(c.doFinal(a, O, O, b, O)); break; }
        case 0x62: { AESKey k = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, (short) 128, false); k.setKey(a, O); Cipher c = Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_CBC_NOPAD, false); c.init(k, Cipher.MODE_ENCRYPT); put(c.update(null, O, O, null, O)); break; }
        case 0x63: { AESKey k = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, (short) 128, false); k.setKey(a, O); Cipher c = Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_CBC_NOPAD, false); c.init(k, Cipher.MODE_ENCRYPT); k.clearKey(); put(c.doFinal(a, O, (short) 16, b, O)); break; }
        case 0x64: { AESKey k = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, (short) 128, false); k.setKey(a, O); Cipher c = Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_CBC_NOPAD, false); c.init(k, (byte) 9); break; }
        case 0x65: { AESKey k = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, (short) 128, false);  Cipher c = Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_CBC_NOPAD, false); c.init(k, (byte) 9); break; }
        case 0x66: { AESKey k = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, (short) 128, false);  Cipher c = Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_CBC_NOPAD, false); c.init(k, Cipher.MODE_ENCRYPT, null, O, O); break; }
        case 0x67: { MessageDigest m = MessageDigest.getInstance(MessageDigest.ALG_SHA, false); put(m.doFinal(a, O, O, b, (short) 139)); break; }
        case 0x68: { MessageDigest m = MessageDigest.getInstance(MessageDigest.ALG_SHA, false); put(m.doFinal(a, neg, O, null, O)); break; }
        case 0x6A: { RSAPublicKey k = (RSAPublicKey) KeyBuilder.buildKey(KeyBuilder.TYPE_RSA_PUBLIC, (short) 512, false); k.setModulus(a, O, (short) 65); put(one); break; }
        case 0x6B: { RSAPublicKey k = (RSAPublicKey) KeyBuilder.buildKey(KeyBuilder.TYPE_RSA_PUBLIC, (short) 512, false); k.setExponent(a, O, O); put(one); break; }
        case 0x6D: { ECKey k = ec(KeyBuilder.TYPE_EC_FP_PUBLIC); k.setA(a, O, (short) 25); put(k.getA(b, O)); break; }
        case 0x6F: { ECPublicKey k = (ECPublicKey) ec(KeyBuilder.TYPE_EC_FP_PUBLIC); k.setW(a, O, (short) 49); put(k.getW(b, O)); break; }
        case 0x70: { OwnerPIN p2 = new OwnerPIN((byte) 3, (byte) 4); p2.update(a, O, (byte) 5); break; }
        case 0x71: { OwnerPIN p2 = new OwnerPIN((byte) 0, (byte) 4); break; }
        case 0x72: { OwnerPIN p2 = new OwnerPIN((byte) 3, (byte) 4); p2.update(a, O, (byte) 0); put(p2.check(a, O, (byte) 0)); break; }
        case 0x73: { OwnerPIN p2 = new OwnerPIN((byte) 3, (byte) 4); p2.update(null, O, (byte) 5); break; }
        case 0x74: { OwnerPIN p2 = new OwnerPIN((byte) 3, (byte) 4); put(p2.check(a, O, (byte) 0)); put(p2.getTriesRemaining()); break; }
        case 0x75: { OwnerPIN p2 = new OwnerPIN((byte) 3, (byte) 4); p2.update(a, O, (byte) 4); put(p2.check(a, O, (byte) 4)); p2.update(a, O, (byte) 4); put(p2.isValidated()); break; }
        case 0x76: { OwnerPIN p2 = new OwnerPIN((byte) 3, (byte) 4); p2.update(a, O, (byte) 4); try { p2.check(null, O, (byte) 4); } catch (NullPointerException e) { put(p2.getTriesRemaining()); } break; }
        case 0x77: { new AID(a, O, (byte) 4); break; }
        case 0x78: { new AID(a, O, (byte) 17); break; }
        case 0x79: { JCSystem.makeTransientByteArray(neg, (byte) 9); break; }
        case 0x7A: { JCSystem.lookupAID(a, O, (byte) 3); break; }
        case 0x7B: { put(JCSystem.getAID().partialEquals(a, O, (byte) 0)); put(JCSystem.getAID().RIDEquals(null)); put(JCSystem.getAID().equals(null, O, (byte) 3)); break; }
        case 0x7C: { put(Util.arrayFillNonAtomic(a, O, O, (byte) 1)); Util.arrayFillNonAtomic(a, neg, O, (byte) 1); break; }
        case 0x7D: { Util.setShort(a, (short) 139, one); break; }
        case (byte) 0x81: { KeyPair p = new KeyPair(KeyPair.ALG_EC_FP, (short) 192); p.genKeyPair(); ECPrivateKey k = (ECPrivateKey) p.getPrivate(); Util.arrayFillNonAtomic(b, O, (short) 24, (byte) 0); k.setS(b, O, (short) 24); Signature g = Signature.getInstance(Signature.ALG_ECDSA_SHA, false); g.init(k, Signature.MODE_SIGN); put(two); put(g.sign(a, O, one, b, O)); break; }
        case (byte) 0x82: { KeyPair p = new KeyPair(KeyPair.ALG_EC_FP, (short) 192); p.genKeyPair(); ECPrivateKey k = (ECPrivateKey) p.getPrivate(); Util.arrayFillNonAtomic(b, O, (short) 24, (byte) -1); k.setS(b, O, (short) 24); KeyAgreement g = KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DH, false); g.init(k); put(two); put(g.generateSecret(b, O, ((ECPublicKey) p.getPublic()).getW(b, O), a, O)); break; }
        case (byte) 0x83: { KeyPair p = new KeyPair(KeyPair.ALG_EC_FP, (short) 192); p.genKeyPair(); ECPublicKey k = (ECPublicKey) p.getPublic(); KeyAgreement g = KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DH, false); g.init(p.getPrivate()); short n = k.getW(b, O); b[48] ^= 1; put(g.generateSecret(b, O, n, a, O)); break; }
        case (byte) 0x84: { KeyPair p = new KeyPair(KeyPair.ALG_EC_FP, (short) 192); p.genKeyPair(); ECPublicKey k = (ECPublicKey) p.getPublic(); KeyAgreement g = KeyAgreement.getInstance(KeyAgreement.ALG_EC_PACE_GM, false); g.init(p.getPrivate()); short n = k.getW(b, O); put(g.generateSecret(b, O, n, a, O)); put(a, O, one); break; }
        case (byte) 0x85: { Signature g = Signature.getInstance(Signature.ALG_ECDSA_SHA, false); g.init(null, Signature.MODE_SIGN); break; }
        case (byte) 0x86: { Signature g = Signature.getInstance(Signature.ALG_ECDSA_SHA, false); g.init((Key) ec(KeyBuilder.TYPE_EC_FP_PUBLIC), Signature.MODE_SIGN); break; }
        case (byte) 0x87: { Signature g = Signature.getInstance(Signature.ALG_ECDSA_SHA, false); g.init((Key) ec(KeyBuilder.TYPE_EC_FP_PUBLIC), (byte) 9); break; }
        case (byte) 0x88: { Signature g = Signature.getInstance(Signature.ALG_ECDSA_SHA, false); g.init((Key) ec(KeyBuilder.TYPE_EC_FP_PUBLIC), Signature.MODE_VERIFY, null, O, O); break; }
        case (byte) 0x89: { Signature g = Signature.getInstance(Signature.ALG_ECDSA_SHA, false); put(g.getLength()); break; }
        case (byte) 0x8A: { Cipher c = Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_CBC_NOPAD, false); c.init(null, Cipher.MODE_ENCRYPT); break; }
        case (byte) 0x8B: { Cipher c = Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_CBC_NOPAD, false); c.init((Key) ec(KeyBuilder.TYPE_EC_FP_PUBLIC), Cipher.MODE_ENCRYPT); break; }
        case (byte) 0x8E: { MessageDigest m = MessageDigest.getInstance(MessageDigest.ALG_SHA, false); m.update(null, O, O); break; }
        case (byte) 0x8F: { AESKey k = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, (short) 128, false); k.setKey(a, (short) 130); break; }
        case (byte) 0x90: { AESKey k = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, (short) 128, false); k.getKey(null, O); break; }
        case (byte) 0x91: { AESKey k = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, (short) 128, false); k.setKey(a, O); k.getKey(b, (short) 130); break; }
        case (byte) 0x92: { OwnerPIN p = new OwnerPIN((byte) 3, (byte) 4); put(p.check(a, O, (byte) 4)); p.update(a, O, (byte) 4); put(p.getTriesRemaining()); put(p.check(a, neg, (byte) 4)); break; }
        case (byte) 0x93: { OwnerPIN p = new OwnerPIN((byte) 3, (byte) 4); p.update(a, O, (byte) -1); break; }
        case (byte) 0x94: { OwnerPIN p = new OwnerPIN((byte) 3, (byte) 4); p.update(a, O, (byte) 4); put(p.check(a, O, (byte) -1)); put(p.getTriesRemaining()); break; }
        case (byte) 0x95: { OwnerPIN p = new OwnerPIN((byte) -1, (byte) 4); put(p.getTriesRemaining()); break; }
        case (byte) 0x96: { OwnerPIN p = new OwnerPIN((byte) 3, (byte) -1); put(p.getTriesRemaining()); break; }
        case (byte) 0x97: { RSAPublicKey k = (RSAPublicKey) KeyBuilder.buildKey(KeyBuilder.TYPE_RSA_PUBLIC, (short) 512, false); put(k.getModulus(null, O)); break; }
        case (byte) 0x98: { KeyPair p = new KeyPair(KeyPair.ALG_RSA, (short) 512); RSAPublicKey k = (RSAPublicKey) p.getPublic(); a[0] = 0; a[1] = 3; k.setExponent(a, O, two); p.genKeyPair(); put(k.getExponent(a, O)); put(a, O, two); break; }
        case (byte) 0x99: { MessageDigest m = MessageDigest.getInstance(MessageDigest.ALG_SHA, false); put(m.doFinal(null, O, O, b, O)); break; }
        case (byte) 0x9A: { MessageDigest m = MessageDigest.getInstance(MessageDigest.ALG_SHA, false); m.update(null, O, O); break; }
        case (byte) 0x9B: { AESKey k = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, (short) 128, false); k.setKey(a, O); Cipher c = Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_CBC_NOPAD, false); c.init(k, Cipher.MODE_ENCRYPT); c.update(a, O, (short) 16, b, O); put(c.doFinal(null, O, O, b, (short) 16)); break; }
        case (byte) 0x9C: { MessageDigest m = MessageDigest.getInstance(MessageDigest.ALG_SHA, false); m.doFinal(null, O, one, b, O); break; }
        default: ISOException.throwIt((short) 0x6A86);
        }
    }
    private ECKey ec(byte type) { return (ECKey) KeyBuilder.buildKey(type, (short) 192, false); }
    private RandomData rnd(byte kind) { return RandomData.getInstance(kind); }
    private InitializedMessageDigest imd() { return MessageDigest.getInitializedMessageDigestInstance(MessageDigest.ALG_SHA, false); }
    private void seeded(byte kind) { RandomData r = rnd(kind); r.setSeed(SEED, O, (short) 8); r.generateData(a, O, (short) 16); r.setSeed(SEED, O, (short) 8); r.generateData(b, O, (short) 16); put(Util.arrayCompare(a, O, b, O, (short) 16)); RandomData q = rnd(kind); q.setSeed(SEED, O, (short) 8); q.generateData(b, O, (short) 16); put(Util.arrayCompare(a, O, b, O, (short) 16)); }
    private Signature sig(boolean init) { Signature g = Signature.getInstance(Signature.ALG_ECDSA_SHA, false); if (init) { KeyPair p = new KeyPair(KeyPair.ALG_EC_FP, (short) 192); p.genKeyPair(); g.init(p.getPrivate(), Signature.MODE_SIGN); } return g; }
    private Signature ver() { Signature g = Signature.getInstance(Signature.ALG_ECDSA_SHA, false); KeyPair p = new KeyPair(KeyPair.ALG_EC_FP, (short) 192); p.genKeyPair(); g.init(p.getPublic(), Signature.MODE_VERIFY); return g; }
}
