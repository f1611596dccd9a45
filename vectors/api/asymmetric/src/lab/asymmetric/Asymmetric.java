package lab.asymmetric;

import javacard.framework.*;
import javacard.security.*;
import javacardx.crypto.*;
import lab.cases.Cases;

/** The asymmetric half of javacard.security and javacardx.crypto. */
public class Asymmetric extends Cases {
    // vectors/crypto/asymmetric.txt: the RSA key of 1024 bits and what was made with it, a key of brainpoolP256r1, RFC 6979 A.2.3, a group of 512 bits.
    static final byte[] RSA_N = {-46, -55, 21, 67, 88, -83, -24, 52, -1, 36, 121, 114, -22, 32, -84, 114, -35, -13, -26, 53, 88, 88, 41, 91, -48, 70, 19, 70, 79, 45, -40, -49, -126, 37, 64, -74, 66, 96, 22, 100, -6, -6, -70, -82, -80, -55, 26, -113, 71, -47, 45, 107, 68, -3, 59, 50, -30, -117, 1, 46, -75, 124, -27, 5, -52, 7, 120, 99, 1, 49, 7, -76, 27, -3, 71, 89, -46, 100, 41, -6, 40, -28, 35, -4, 12, -46, 2, -98, 14, 69, 101, -22, 127, -85, 65, -59, -34, -103, 49, 96, -39, 28, 0, -105, -68, -22, -77, -61, -47, -95, 82, -2, -83, 82, -55, -29, -120, 117, 69, -51, 30, 28, -43, 98, -100, 54, 84, 35};
    static final byte[] RSA_D = {-112, 107, -76, 4, -29, -78, -84, 1, -5, -70, -102, -9, -48, 80, -72, -73, 47, 57, -40, 70, 62, -108, -111, 41, -42, 38, -35, 55, -12, 50, 62, 117, -42, -2, -3, 58, -93, 121, -64, 126, 73, -76, 22, -54, 112, 88, 41, -71, 120, 4, 107, 49, 47, 32, -82, 57, -20, 28, 63, -96, 40, 59, 61, -110, -97, 62, 9, 81, 2, 58, -33, -36, -26, -65, -57, 85, -60, 60, -73, -7, -8, 105, -23, 66, -84, -64, -50, 109, 106, -65, -72, -17, 98, 100, -67, -2, -33, 61, 55, -41, 118, -26, 121, -68, 70, -89, -90, 23, 96, 74, -18, 33, 85, -69, 36, -109, 84, 103, 82, 45, 83, 90, 34, 98, -101, -6, -80, -127};
    static final byte[] RSA_P = {-9, -38, 46, 114, -93, 42, -82, -18, -100, -86, 107, 36, -55, 116, 120, -17, -43, -27, 69, -111, 96, -72, 79, 109, -125, 60, 85, -126, -37, -45, -69, -44, 4, -36, 13, -30, -2, -83, 85, 90, -107, 3, -72, 9, 44, -99, 104, 62, -107, 60, -10, -78, 11, 64, -95, 20, -90, 39, 23, -67, 91, -125, 94, -29};
    static final byte[] RSA_Q = {-39, -74, -10, -96, -102, -52, -51, -30, -25, -1, -58, -60, -125, 96, -78, -8, 22, -16, -90, -27, 48, -59, 15, 42, 91, 56, 5, 82, 54, -114, 39, 13, 2, 118, 58, 23, -57, -28, 117, 18, -53, 60, 90, -83, 37, -48, -121, -91, 48, -26, 86, -114, -94, -110, -70, 7, 36, 79, 67, 31, 122, 107, -7, -63};
    static final byte[] RSA_DP = {81, 59, 17, -76, 2, -92, 15, -105, 38, -125, 120, 0, 35, -126, 103, -52, 122, -10, -36, 121, 12, 16, -5, -1, 49, 94, -55, -53, -52, -114, 53, 102, 4, 125, -74, -109, 105, -46, -105, 65, -53, -54, -33, 59, 42, -125, 32, 82, 58, -119, 51, 117, 32, -40, -6, -78, 16, -50, -119, 42, 71, 94, -29, -17};
    static final byte[] RSA_DQ = {88, 22, 34, -21, 16, 54, -43, 6, 125, 127, -117, 88, 111, 31, 108, -55, -37, -34, 58, 104, 120, -73, 2, 79, -52, -32, 121, -90, -83, -44, 14, 16, -63, 114, 60, 70, -22, -27, -112, 72, -82, 90, 25, 5, -3, 74, -59, -41, 28, 85, -43, -89, -104, 55, 109, 116, -2, 71, -29, -116, -108, -25, -93, 1};
    static final byte[] RSA_QI = {-41, -20, -89, -87, -52, -102, -120, 68, 126, -81, -33, 18, -111, 53, 35, 49, 0, 31, 103, -16, -122, -65, -108, -93, -62, 38, 33, 65, -117, 87, -125, 126, -58, 98, 79, 92, -19, 86, 43, 29, 25, 16, 89, -84, 0, 120, -49, -50, 64, -84, 118, -118, -98, -113, -56, 23, 51, 97, 115, -40, -43, 25, -24, -70};
    static final byte[] RSA_E = {1, 0, 1};
    static final byte[] MESSAGE = {111, 110, 101, 32, 102, 105, 103, 117, 114, 101, 32, 97, 32, 109, 111, 110, 116, 104};
    static final byte[] SIGNED = {16, -90, 14, -113, 27, -104, -83, -28, -113, -73, -69, 99, 63, 21, -34, -35, -71, 17, 12, -118, 69, 75, 71, 76, -90, 6, 105, 0, 33, 41, 24, -55, -62, 60, -47, -36, 82, -53, 112, -18, 6, 91, -118, -54, -12, -28, -44, -12, 38, -119, 123, 55, -43, -33, 47, -24, -97, -31, 52, -103, 110, 56, -99, -75, -30, 73, -7, -101, 33, 85, 84, -27, -53, -104, 21, 13, -77, 11, -112, -113, 44, -19, 37, -31, 51, 87, -70, -73, 112, -27, -72, 6, 103, 81, -68, 100, -75, -20, 30, 77, -53, 38, 107, 111, -41, 66, 28, -93, -110, -108, 51, -102, -35, -10, -87, -20, -125, 91, -105, 35, 114, -128, 31, 1, -91, -2, -40, -77};
    static final byte[] PSS = {75, -70, -38, 85, 126, 2, -120, 48, 79, 16, -38, 127, -49, -52, 83, 9, -13, -126, -58, -74, 52, 52, 21, -104, 124, -13, 8, -53, -122, -105, -15, -126, -30, -68, 86, -74, -58, -57, -58, 19, -29, -41, 28, -94, 61, 25, 100, -22, -108, 41, -29, 8, 124, -65, -2, 23, 5, -40, -38, -101, 85, 108, 76, -9, 120, -6, -128, -30, 18, 46, -47, 125, 103, -99, 22, -94, -30, 26, 31, -105, -75, -62, -71, -82, -76, -40, 9, -22, -37, -54, -25, 38, -48, -59, -52, 76, -59, 17, 38, -102, 60, -84, -122, -34, -85, -66, 42, 106, -63, -74, -33, -49, -123, -115, -20, -20, 78, -71, 23, 83, 8, 14, 65, 65, 103, -15, -67, -36};
    static final byte[] OAEP = {9, -58, -32, 87, -42, 108, 18, -109, -117, 31, -115, 77, -89, -68, 120, -117, -60, -88, 106, 7, 68, 44, -128, 7, 31, 21, -120, 26, -22, -29, -36, 14, 29, 41, 5, 63, 62, -72, -83, -78, -100, -51, -57, -6, 118, 36, 5, -18, 16, -25, 21, 51, 67, -86, 12, 119, -99, 123, -42, -47, 48, -122, 49, -26, -100, 67, -67, -50, 93, -52, 126, 75, -45, -125, 91, -38, 98, -6, 31, -98, -48, 71, 64, 58, 53, 91, -82, -95, -97, 19, -105, -11, 122, 109, 63, 9, 33, 78, -41, -64, -8, -101, -63, -72, 4, 122, -103, 26, -98, 77, -99, -70, 86, -68, 11, 96, 20, -92, 102, 84, 44, 56, 103, 101, 45, 93, -85, -7};
    static final byte[] CIPHERED = {-101, 48, 103, -77, 38, -84, 25, 87, 19, 63, -43, -110, 45, 108, 116, -96, -119, -6, 93, 51, -35, -112, -109, -48, -13, 95, 103, 94, 123, 86, 57, 38, 94, -49, 21, 72, 39, 66, 117, -110, 9, 122, 16, -66, 44, -97, -69, 6, 71, 107, -113, 7, 1, 4, -72, 115, -38, -103, 100, 13, -50, 23, -3, 124, -57, -34, -17, 124, 30, -27, -4, -3, 27, 54, 37, 114, -99, 69, -4, -101, 31, 119, -74, 77, -10, 29, 28, 50, -81, 9, -11, -58, 38, -110, 82, 51, 8, 2, -91, 51, -127, 0, -122, -47, 43, 54, 53, 9, 4, -93, 9, 124, -113, -73, -38, -95, 10, -71, 120, -59, -76, 93, -86, 34, -46, -4, 106, 123};
    static final byte[] BP_P = {-87, -5, 87, -37, -95, -18, -87, -68, 62, 102, 10, -112, -99, -125, -115, 114, 110, 59, -10, 35, -43, 38, 32, 40, 32, 19, 72, 29, 31, 110, 83, 119};
    static final byte[] BP_A = {125, 90, 9, 117, -4, 44, 48, 87, -18, -10, 117, 48, 65, 122, -1, -25, -5, -128, 85, -63, 38, -36, 92, 108, -23, 74, 75, 68, -13, 48, -75, -39};
    static final byte[] BP_B = {38, -36, 92, 108, -23, 74, 75, 68, -13, 48, -75, -39, -69, -41, 124, -65, -107, -124, 22, 41, 92, -9, -31, -50, 107, -52, -36, 24, -1, -116, 7, -74};
    static final byte[] BP_G = {4, -117, -46, -82, -71, -53, 126, 87, -53, 44, 75, 72, 47, -4, -127, -73, -81, -71, -34, 39, -31, -29, -67, 35, -62, 58, 68, 83, -67, -102, -50, 50, 98, 84, 126, -8, 53, -61, -38, -60, -3, -105, -8, 70, 26, 20, 97, 29, -55, -62, 119, 69, 19, 45, -19, -114, 84, 92, 29, 84, -57, 47, 4, 105, -105};
    static final byte[] BP_R = {-87, -5, 87, -37, -95, -18, -87, -68, 62, 102, 10, -112, -99, -125, -115, 113, -116, 57, 122, -93, -75, 97, -90, -9, -112, 30, 14, -126, -105, 72, 86, -89};
    static final byte[] BP_S = {-115, 86, -71, -88, 7, 93, 4, 21, 110, 89, -68, -48, -6, -111, -20, -92, 84, -120, -75, -105, -57, -126, 1, 62, 13, -104, -117, -120, 122, 63, -82, -57};
    static final byte[] BP_PEER = {4, 108, -20, -40, -86, -118, 100, 23, -49, 88, 105, 59, 41, -39, 10, -49, -103, 8, 60, -68, 44, 89, -110, 3, 88, 48, -117, -123, -64, 77, 115, -102, 33, 12, -47, -83, -66, -128, -35, 68, 106, 100, -33, 62, 78, -98, 88, -49, -47, 40, 20, -50, -93, -24, 91, -25, 69, 103, -70, 110, 73, 1, -116, 30, 84};
    static final byte[] P192_P = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -2, -1, -1, -1, -1, -1, -1, -1, -1};
    static final byte[] P192_A = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -2, -1, -1, -1, -1, -1, -1, -1, -4};
    static final byte[] P192_B = {100, 33, 5, 25, -27, -100, -128, -25, 15, -89, -23, -85, 114, 36, 48, 73, -2, -72, -34, -20, -63, 70, -71, -79};
    static final byte[] P192_G = {4, 24, -115, -88, 14, -80, 48, -112, -10, 124, -65, 32, -21, 67, -95, -120, 0, -12, -1, 10, -3, -126, -1, 16, 18, 7, 25, 43, -107, -1, -56, -38, 120, 99, 16, 17, -19, 107, 36, -51, -43, 115, -7, 119, -95, 30, 121, 72, 17};
    static final byte[] P192_R = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -103, -34, -8, 54, 20, 107, -55, -79, -76, -46, 40, 49};
    static final byte[] P192_S = {111, -85, 3, 73, 52, -28, -64, -4, -102, -26, 127, 91, 86, 89, -87, -41, -47, -2, -3, 24, 126, -32, -97, -44};
    static final byte[] SAMPLE = {115, 97, 109, 112, 108, 101};
    static final byte[] DH_P = {-33, -69, -42, 29, 24, 118, -92, -91, -87, 11, -125, 40, 5, 18, -82, 47, -18, -115, 12, -115, 96, 67, 39, -45, 78, -41, -94, -9, 22, 106, -16, -96, -67, -105, -92, 0, -121, 34, 33, 115, -37, 36, -112, 6, 120, 9, 32, 47, -77, -16, 23, 33, -19, -37, -94, -19, -97, -116, 13, 19, -101, 39, -81, 111};
    static final byte[] DH_G = {2};
    static final byte[] DH_X = {46, 56, -16, -65, -1, 58, -13, 77, 12, -45, 118, 58, -3, -95, -41, -35, -36, 0, 102, 70, -70, -80, -61, 67, 36, 44, 8, 81, -30, -7, -2, 110, -40, 30, 7, -128, 44, 41, 54, -101, 2, -120, 10, -26, 54, -63, 105, -67, -41, -1, -100, 103, 54, -101, 61, -7, -60, -38, 81, -107, 73, -18, 53, 113};
    static final byte[] DH_PEER = {-40, -116, -56, 74, -67, -121, -38, 86, -1, -94, -10, -93, -13, -71, 125, 119, 100, -98, 59, -94, -118, 113, -65, -121, 114, -94, -21, -71, -21, 116, -95, 106, -117, 38, -60, -28, -24, -22, 9, 21, -53, 43, -10, -123, 63, 22, -40, -49, 122, -98, 84, -126, -53, -101, -107, 10, -83, 107, -121, -80, 13, 25, 114, 64};
    static final byte[] ED_KEY = {76, -51, 8, -101, 40, -1, -106, -38, -99, -74, -61, 70, -20, 17, 78, 15, 91, -118, 49, -97, 53, -85, -90, 36, -38, -116, -10, -19, 79, -72, -90, -5};
    static final byte[] ED_PUBLIC = {61, 64, 23, -61, -24, 67, -119, 90, -110, -73, 10, -89, 77, 27, 126, -68, -100, -104, 44, -49, 46, -60, -106, -116, -64, -51, 85, -15, 42, -12, 102, 12};
    static final byte[] ED_MESSAGE = {114};
    static final byte[] X_KEY = {-91, 70, -29, 107, -16, 82, 124, -99, 59, 22, 21, 75, -126, 70, 94, -35, 98, 20, 76, 10, -63, -4, 90, 24, 80, 106, 34, 68, -70, 68, -102, -60};
    static final byte[] X_PEER = {-26, -37, 104, 103, 88, 48, 48, -37, 53, -108, -63, -92, 36, -79, 95, 124, 114, 102, 36, -20, 38, -77, 53, 59, 16, -87, 3, -90, -48, -85, 28, 76};

    static final byte[] ISO_9796 = {-111, -37, 85, 47, 96, 125, -48, 27, 69, -38, 72, 34, -23, 49, -84, 47, -40, -97, 4, 126, 9, -103, 105, -38, -78, 108, -17, 95, -46, -107, -7, -28, -120, 116, 83, 1, -63, 7, -53, -87, -16, 70, -79, -104, 34, -68, 31, -45, 111, -125, -42, 1, 28, -89, -90, 68, 79, 23, -93, -37, -114, -70, -31, -102, 26, -118, 48, -70, 44, 69, -85, 66, 127, -11, -127, 56, -54, 13, -101, -4, 6, -19, -48, -45, -47, -17, -53, 37, -104, 49, -68, -92, -81, -9, 57, -9, -28, -89, 10, -1, 79, -81, 111, 52, 57, 27, -71, 42, 27, -5, 92, -102, 55, -32, -71, 41, -111, 42, 66, 42, -42, 69, 108, -66, 73, 48, -75, -18};

    final byte[] t = new byte[600];
    Signature signer;
    final RSAPublicKey pub = (RSAPublicKey) KeyBuilder.buildKey(KeyBuilder.TYPE_RSA_PUBLIC, (short) 1024, false);
    final RSAPrivateKey priv = (RSAPrivateKey) KeyBuilder.buildKey(KeyBuilder.TYPE_RSA_PRIVATE, (short) 1024, false);
    final RSAPrivateCrtKey crt = (RSAPrivateCrtKey) KeyBuilder.buildKey(KeyBuilder.TYPE_RSA_CRT_PRIVATE, (short) 1024, false);
    final ECPrivateKey bps = (ECPrivateKey) KeyBuilder.buildKey(KeyBuilder.TYPE_EC_FP_PRIVATE, (short) 256, false);
    final ECPublicKey bpw = (ECPublicKey) KeyBuilder.buildKey(KeyBuilder.TYPE_EC_FP_PUBLIC, (short) 256, false);
    final ECPrivateKey p192s = (ECPrivateKey) KeyBuilder.buildKey(KeyBuilder.TYPE_EC_FP_PRIVATE, (short) 192, false);
    final DHPrivateKey dhx = (DHPrivateKey) KeyBuilder.buildKey(KeyBuilder.TYPE_DH_PRIVATE, (short) 512, false);
    final DHPublicKey dhy = (DHPublicKey) KeyBuilder.buildKey(KeyBuilder.TYPE_DH_PUBLIC, (short) 512, false);

    public static void install(byte[] b, short o, byte l) { new Asymmetric().register(); }

    void curve(ECKey k, byte[] p, byte[] a, byte[] b, byte[] g, byte[] r) {
        k.setFieldFP(p, O, (short) p.length);
        k.setA(a, O, (short) a.length);
        k.setB(b, O, (short) b.length);
        k.setG(g, O, (short) g.length);
        k.setR(r, O, (short) r.length);
        k.setK((short) 1);
    }

    boolean same(byte[] expected, short length) {
        return length == (short) expected.length && Util.arrayCompare(expected, O, t, O, length) == 0;
    }

    /** Signs with one key, verifies with the other, also after a change. */
    void signs(byte algorithm, PrivateKey k, PublicKey w) {
        Signature s = Signature.getInstance(algorithm, false);
        s.init(k, Signature.MODE_SIGN);
        s.update(MESSAGE, O, (short) 5);
        short n = s.sign(MESSAGE, (short) 5, (short) (MESSAGE.length - 5), t, O);
        put(n <= s.getLength());
        s.init(w, Signature.MODE_VERIFY);
        put(s.verify(MESSAGE, O, (short) MESSAGE.length, t, O, n));
        put(s.verify(MESSAGE, O, (short) (MESSAGE.length - 1), t, O, n));
        t[(short) (n - 1)] ^= 1;
        put(s.verify(MESSAGE, O, (short) MESSAGE.length, t, O, n));
    }

    void crypts(byte algorithm, Key to, Key from) {
        Cipher c = Cipher.getInstance(algorithm, false);
        c.init(to, Cipher.MODE_ENCRYPT);
        put(c.update(MESSAGE, O, (short) 5, t, O));
        short n = c.doFinal(MESSAGE, (short) 5, (short) (MESSAGE.length - 5), t, O);
        put(n);
        c.init(from, Cipher.MODE_DECRYPT);
        n = c.doFinal(t, O, n, t, (short) 200);
        put(n == (short) MESSAGE.length && Util.arrayCompare(MESSAGE, O, t, (short) 200, n) == 0);
    }

    void generates(byte algorithm, short size, byte signature) {
        KeyPair pair = new KeyPair(algorithm, size);
        put(pair.getPublic().isInitialized());
        pair.genKeyPair();
        put(pair.getPublic().isInitialized());
        put(pair.getPrivate().isInitialized());
        put(pair.getPrivate().getSize());
        signs(signature, pair.getPrivate(), pair.getPublic());
    }

    void rsaKeys() {
        pub.setModulus(RSA_N, O, (short) 128);
        pub.setExponent(RSA_E, O, (short) 3);
        priv.setModulus(RSA_N, O, (short) 128);
        priv.setExponent(RSA_D, O, (short) 128);
        crt.setP(RSA_P, O, (short) 64);
        crt.setQ(RSA_Q, O, (short) 64);
        crt.setDP1(RSA_DP, O, (short) 64);
        crt.setDQ1(RSA_DQ, O, (short) 64);
        crt.setPQ(RSA_QI, O, (short) 64);
    }

    /** Signs part of a message and all of another, recovers and verifies. */
    void recovers(byte[] message, short length) {
        SignatureMessageRecovery s = (SignatureMessageRecovery) Signature.getInstance(Signature.ALG_RSA_SHA_ISO9796_MR, false);
        short[] held = new short[2];
        s.init(crt, Signature.MODE_SIGN);
        put(s.getAlgorithm());
        put(s.getLength());
        s.update(message, O, (short) 5);
        short n = s.sign(message, (short) 5, (short) (length - 5), t, O, held, (short) 1);
        put(held[1]);
        s.init(pub, Signature.MODE_VERIFY);
        short k = s.beginVerify(t, O, n);
        put(k == held[1] && Util.arrayCompare(message, O, t, O, k) == 0);
        put(s.verify(message, k, (short) (length - k)));
    }

    /** A pair of keys of a curve over a prime field, by its name. */
    KeyPair named(short name) {
        NamedParameterSpec n = NamedParameterSpec.getInstance(name);
        KeyPair pair = new KeyPair((PublicKey) KeyBuilder.buildXECKey(n, KeyBuilder.ATTR_PUBLIC, false), (PrivateKey) KeyBuilder.buildXECKey(n, KeyBuilder.ATTR_PRIVATE, false));
        pair.genKeyPair();
        return pair;
    }

    void named(short name, byte signature) {
        KeyPair pair = named(name);
        XECPrivateKey s = (XECPrivateKey) pair.getPrivate();
        XECPublicKey w = (XECPublicKey) pair.getPublic();
        put(s.getSize());
        put(s.getEncodingLength());
        put(w.getEncodingLength());
        signs(signature, s, w);
        KeyPair other = named(name);
        KeyAgreement a = KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DH_PLAIN, false);
        a.init(s);
        short n = ((XECPublicKey) other.getPublic()).getEncoded(t, O);
        n = a.generateSecret(t, O, n, t, O);
        a.init(other.getPrivate());
        short m = w.getEncoded(t, (short) 200);
        put(n == a.generateSecret(t, (short) 200, m, t, (short) 200) && Util.arrayCompare(t, O, t, (short) 200, n) == 0);
        w.setEncoded(t, (short) 300, w.getEncoded(t, (short) 300));
        s.setEncoded(t, (short) 300, s.getEncoded(t, (short) 300));
    }

    protected void run(byte which, APDU apdu) {
        switch (which) {
        case 0x00: put(pub.isInitialized()); put(pub.getType()); put(pub.getSize()); pub.setModulus(RSA_N, O, (short) 128); put(pub.isInitialized()); pub.setExponent(RSA_E, O, (short) 3); put(pub.isInitialized()); break;
        case 0x01: put(same(RSA_N, pub.getModulus(t, O))); put(same(RSA_E, pub.getExponent(t, O))); break;
        case 0x02: put(priv.getType()); put(priv.getSize()); priv.setModulus(RSA_N, O, (short) 128); priv.setExponent(RSA_D, O, (short) 128); put(priv.isInitialized()); put(same(RSA_N, priv.getModulus(t, O))); put(same(RSA_D, priv.getExponent(t, O))); break;
        case 0x03: put(crt.getType()); put(crt.getSize()); crt.setP(RSA_P, O, (short) 64); crt.setQ(RSA_Q, O, (short) 64); crt.setDP1(RSA_DP, O, (short) 64); crt.setDQ1(RSA_DQ, O, (short) 64); put(crt.isInitialized()); crt.setPQ(RSA_QI, O, (short) 64); put(crt.isInitialized()); break;
        case 0x04: put(same(RSA_P, crt.getP(t, O))); put(same(RSA_Q, crt.getQ(t, O))); put(same(RSA_DP, crt.getDP1(t, O))); put(same(RSA_DQ, crt.getDQ1(t, O))); put(same(RSA_QI, crt.getPQ(t, O))); break;
        case 0x05: pub.setModulus(t, O, (short) 0); break;
        case 0x06: t[0] = 1; pub.setModulus(t, O, (short) 129); break;
        case 0x07: ((RSAPublicKey) KeyBuilder.buildKey(KeyBuilder.TYPE_RSA_PUBLIC, (short) 2048, false)).getModulus(t, O); break;
        case 0x08: KeyBuilder.buildKey(KeyBuilder.TYPE_RSA_PRIVATE, (short) 480, false); break;
        case 0x09: { Signature s = Signature.getInstance(Signature.ALG_RSA_SHA_256_PKCS1, false); s.init(priv, Signature.MODE_SIGN); put(s.getLength()); put(same(SIGNED, s.sign(MESSAGE, O, (short) MESSAGE.length, t, O)));
            s.init(crt, Signature.MODE_SIGN); put(same(SIGNED, s.sign(MESSAGE, O, (short) MESSAGE.length, t, O))); break; }
        case 0x0A: { Signature s = Signature.getInstance(MessageDigest.ALG_SHA_256, Signature.SIG_CIPHER_RSA, Cipher.PAD_PKCS1_PSS, false); s.init(pub, Signature.MODE_VERIFY); put(s.getAlgorithm()); put(s.verify(MESSAGE, O, (short) MESSAGE.length, PSS, O, (short) 128)); put(s.verify(MESSAGE, O, (short) MESSAGE.length, PSS, O, (short) 127)); put(s.verify(MESSAGE, O, (short) MESSAGE.length, SIGNED, O, (short) 128)); break; }
        case 0x0B: signs(Signature.ALG_RSA_SHA_PKCS1, crt, pub); signs(Signature.ALG_RSA_SHA_224_PKCS1_PSS, crt, pub); signs(Signature.ALG_RSA_SHA_384_PKCS1_PSS, priv, pub); signs(Signature.ALG_RSA_MD5_RFC2409, crt, pub); signs(Signature.ALG_RSA_SHA_512_PKCS1, crt, pub); break;
        case 0x0C: Signature.getInstance(Signature.ALG_RSA_SHA_256_PKCS1, false).init(pub, Signature.MODE_SIGN); break;
        case 0x0D: Signature.getInstance(Signature.ALG_RSA_SHA_256_PKCS1, false).init(KeyBuilder.buildKey(KeyBuilder.TYPE_RSA_PRIVATE, (short) 512, false), Signature.MODE_SIGN); break;
        case 0x0E: { Signature s = Signature.getInstance(Signature.ALG_RSA_SHA_512_PKCS1_PSS, false); s.init(crt, Signature.MODE_SIGN); s.sign(MESSAGE, O, (short) 1, t, O); break; }
        case 0x0F: Signature.getInstance(MessageDigest.ALG_SHA, Signature.SIG_CIPHER_RSA, Cipher.PAD_ISO9796_MR_SCHEME_2, false); break;
        case 0x10: { MessageDigest.getInstance(MessageDigest.ALG_SHA_256, false).doFinal(MESSAGE, O, (short) MESSAGE.length, t, (short) 200); Signature s = Signature.getInstance(Signature.ALG_RSA_SHA_256_PKCS1, false);
            s.init(crt, Signature.MODE_SIGN); put(same(SIGNED, s.signPreComputedHash(t, (short) 200, (short) 32, t, O))); s.init(pub, Signature.MODE_VERIFY); put(s.verifyPreComputedHash(t, (short) 200, (short) 32, SIGNED, O, (short) 128)); t[200] ^= 1; put(s.verifyPreComputedHash(t, (short) 200, (short) 32, SIGNED, O, (short) 128)); break; }
        case 0x11: { Signature s = Signature.getInstance(Signature.ALG_RSA_SHA_256_PKCS1, false); s.init(crt, Signature.MODE_SIGN); s.signPreComputedHash(t, O, (short) 31, t, O); break; }
        case 0x12: { Signature s = Signature.getInstance(Signature.ALG_RSA_SHA_256_PKCS1, false); s.init(crt, Signature.MODE_SIGN); s.sign(MESSAGE, O, (short) 1, t, (short) 473); break; }

        case 0x18: crypts(Cipher.ALG_RSA_PKCS1, pub, crt); crypts(Cipher.ALG_RSA_PKCS1, priv, pub); crypts(Cipher.ALG_RSA_PKCS1_OAEP, pub, priv); break;
        case 0x19: { Cipher c = Cipher.getInstance(Cipher.CIPHER_RSA, Cipher.PAD_PKCS1_OAEP_SHA256, false); c.init(crt, Cipher.MODE_DECRYPT); put(same(MESSAGE, c.doFinal(OAEP, O, (short) 128, t, O))); c = Cipher.getInstance(Cipher.ALG_RSA_PKCS1, false); c.init(priv, Cipher.MODE_DECRYPT); put(same(MESSAGE, c.doFinal(CIPHERED, O, (short) 128, t, O))); break; }
        case 0x1A: { Cipher c = Cipher.getInstance(Cipher.ALG_RSA_NOPAD, false); c.init(pub, Cipher.MODE_ENCRYPT); short n = c.doFinal(SIGNED, O, (short) 128, t, O); put(t[1]); put(t[2]); c.init(crt, Cipher.MODE_DECRYPT); put(same(SIGNED, c.doFinal(t, O, n, t, O))); break; }
        case 0x1B: { Cipher c = Cipher.getInstance(Cipher.ALG_RSA_NOPAD, false); c.init(pub, Cipher.MODE_ENCRYPT); c.doFinal(SIGNED, O, (short) 127, t, O); break; }
        case 0x1C: { Cipher c = Cipher.getInstance(Cipher.ALG_RSA_NOPAD, false); c.init(crt, Cipher.MODE_DECRYPT); c.doFinal(RSA_N, O, (short) 128, t, O); break; }
        case 0x1D: { Cipher c = Cipher.getInstance(Cipher.ALG_RSA_PKCS1, false); c.init(pub, Cipher.MODE_ENCRYPT); c.doFinal(SIGNED, O, (short) 118, t, O); break; }
        case 0x1E: { Cipher c = Cipher.getInstance(Cipher.ALG_RSA_PKCS1, false); c.init(crt, Cipher.MODE_DECRYPT); c.doFinal(SIGNED, O, (short) 128, t, O); break; }
        case 0x1F: { Cipher c = Cipher.getInstance(Cipher.ALG_RSA_PKCS1, false); c.doFinal(SIGNED, O, (short) 128, t, O); break; }
        case 0x20: Cipher.getInstance(Cipher.ALG_RSA_ISO9796, false); break;
        case 0x21: generates(KeyPair.ALG_RSA, (short) 512, Signature.ALG_RSA_SHA_PKCS1); generates(KeyPair.ALG_RSA_CRT, (short) 736, Signature.ALG_RSA_SHA_256_PKCS1); break;
        case 0x22: { KeyPair pair = new KeyPair(KeyPair.ALG_RSA_CRT, (short) 512); t[0] = 3; ((RSAPublicKey) pair.getPublic()).setExponent(t, O, (short) 1); pair.genKeyPair(); put(((RSAPublicKey) pair.getPublic()).getExponent(t, O)); put(t[0]); signs(Signature.ALG_RSA_SHA_PKCS1, pair.getPrivate(), pair.getPublic()); break; }
        case 0x23: { KeyPair pair = new KeyPair(KeyPair.ALG_RSA_CRT, (short) 512); t[0] = 4; ((RSAPublicKey) pair.getPublic()).setExponent(t, O, (short) 1); pair.genKeyPair(); break; }
        case 0x24: new KeyPair((byte) 9, (short) 512); break;
        case 0x25: new KeyPair(pub, bps); break;
        case 0x26: new KeyPair((PublicKey) null, priv); break;
        case 0x27: { KeyPair pair = new KeyPair(pub, crt); put(pair.getPublic() == pub); put(pair.getPrivate() == crt); RSAPrivateCrtKey tr = (RSAPrivateCrtKey) KeyBuilder.buildKey(KeyBuilder.TYPE_RSA_CRT_PRIVATE_TRANSIENT_RESET, (short) 1024, false); put(KeyBuilder.getMemoryType(tr)); tr.setP(RSA_P, O, (short) 64); tr.clearKey(); put(tr.isInitialized()); break; }
        case 0x28: crt.clearKey(); put(crt.isInitialized()); crt.getP(t, O); break;
        case 0x29: pub.clearKey(); priv.clearKey(); put(pub.isInitialized()); put(priv.isInitialized()); break;

        case 0x30: put(bps.getType()); put(bps.getSize()); curve(bps, BP_P, BP_A, BP_B, BP_G, BP_R); put(bps.isInitialized()); bps.setS(BP_S, O, (short) 32); put(bps.isInitialized()); put(same(BP_S, bps.getS(t, O))); break;
        case 0x31: put(same(BP_P, bps.getField(t, O))); put(same(BP_A, bps.getA(t, O))); put(same(BP_B, bps.getB(t, O))); put(same(BP_G, bps.getG(t, O))); put(same(BP_R, bps.getR(t, O))); put(bps.getK()); break;
        case 0x32: bpw.copyDomainParametersFrom(bps); bpw.setW(BP_PEER, O, (short) 65); put(bpw.isInitialized()); put(bpw.getType()); put(same(BP_PEER, bpw.getW(t, O))); put(same(BP_P, bpw.getField(t, O))); put(same(BP_A, bpw.getA(t, O))); put(same(BP_B, bpw.getB(t, O))); put(same(BP_G, bpw.getG(t, O))); put(same(BP_R, bpw.getR(t, O))); put(bpw.getK()); break;
        case 0x33: { KeyAgreement a = KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DH_PLAIN, false); put(a.getAlgorithm()); a.init(bps); put(t, O, a.generateSecret(BP_PEER, O, (short) 65, t, O)); break; }
        case 0x34: { KeyAgreement a = KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DH_KDF, false); a.init(bps); put(t, O, a.generateSecret(BP_PEER, O, (short) 65, t, O)); break; }
        case 0x35: { KeyAgreement a = KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DH_PLAIN_XY, false); a.init(bps); put(a.generateSecret(BP_PEER, O, (short) 65, t, O)); put(t, O, (short) 33); a = KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DHC_PLAIN, false); a.init(bps); put(a.generateSecret(BP_PEER, O, (short) 65, t, O)); break; }
        case 0x36: { KeyAgreement a = KeyAgreement.getInstance(KeyAgreement.ALG_EC_PACE_GM, false); a.init(bps); short n = a.generateSecret(BP_PEER, O, (short) 65, t, O); put(n); bpw.setW(t, O, n); put(bpw.isInitialized()); break; }
        case 0x37: { KeyAgreement a = KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DH_PLAIN, false); a.init(bps); Util.arrayCopyNonAtomic(BP_PEER, O, t, O, (short) 65); t[64] ^= 1; a.generateSecret(t, O, (short) 65, t, O); break; }
        case 0x38: KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DH_PLAIN, false).generateSecret(BP_PEER, O, (short) 65, t, O); break;
        case 0x39: KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DH_PLAIN, false).init(dhx); break;
        case 0x3A: KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DH_PLAIN, false).init((PrivateKey) KeyBuilder.buildKey(KeyBuilder.TYPE_EC_FP_PRIVATE, (short) 256, false)); break;
        case 0x3B: KeyAgreement.getInstance((byte) 99, false); break;
        case 0x3C: curve(p192s, P192_P, P192_A, P192_B, P192_G, P192_R); p192s.setS(P192_S, O, (short) 24); { Signature s = Signature.getInstance(MessageDigest.ALG_SHA_256, Signature.SIG_CIPHER_ECDSA_PLAIN, Cipher.PAD_NULL, false); s.init(p192s, Signature.MODE_SIGN); put(s.getLength()); put(t, O, s.sign(SAMPLE, O, (short) 6, t, O)); } break;
        case 0x3D: generates(KeyPair.ALG_EC_FP, (short) 192, Signature.ALG_ECDSA_SHA_512); generates(KeyPair.ALG_EC_FP, (short) 224, Signature.ALG_ECDSA_SHA_224); generates(KeyPair.ALG_EC_FP, (short) 256, Signature.ALG_ECDSA_SHA_384); generates(KeyPair.ALG_EC_FP, (short) 384, Signature.ALG_ECDSA_SHA); generates(KeyPair.ALG_EC_FP, (short) 521, Signature.ALG_ECDSA_SHA_512); break;
        case 0x3E: { KeyPair pair = new KeyPair(KeyPair.ALG_EC_FP, (short) 256); curve((ECKey) pair.getPublic(), BP_P, BP_A, BP_B, BP_G, BP_R); pair.genKeyPair(); put(same(BP_P, ((ECPrivateKey) pair.getPrivate()).getField(t, O))); signs(Signature.ALG_ECDSA_SHA_256, pair.getPrivate(), pair.getPublic()); break; }
        case 0x3F: new KeyPair(KeyPair.ALG_EC_FP, (short) 144).genKeyPair(); break;
        case 0x40: bps.setS(t, O, (short) 0); break;
        case 0x41: t[0] = 2; bps.setS(t, O, (short) 33); break;
        case 0x42: bpw.setW(BP_PEER, O, (short) 64); break;
        case 0x43: bps.setK((short) 0); break;
        case 0x44: bps.copyDomainParametersFrom(p192s); break;
        case 0x45: bps.setG(null, O, (short) 65); break;
        case 0x46: bps.setA(BP_A, (short) 1, (short) 32); break;
        case 0x47: { Signature s = Signature.getInstance(Signature.ALG_ECDSA_SHA_256, false); s.init(bpw, Signature.MODE_VERIFY); put(s.verify(MESSAGE, O, (short) 1, SIGNED, O, (short) 70)); s.sign(MESSAGE, O, (short) 1, t, O); break; }
        case 0x48: { ECPrivateKey k = (ECPrivateKey) KeyBuilder.buildKey(KeyBuilder.TYPE_EC_FP_PRIVATE, (short) 256, false); curve(k, BP_P, BP_A, BP_B, BP_G, BP_R); k.setS(BP_R, O, (short) 32); Signature s = Signature.getInstance(Signature.ALG_ECDSA_SHA_256, false); s.init(k, Signature.MODE_SIGN); s.sign(MESSAGE, O, (short) 1, t, O); break; }
        case 0x49: bps.clearKey(); put(bps.isInitialized()); put(same(BP_P, bps.getField(t, O))); bps.getS(t, O); break;
        case 0x4A: KeyBuilder.buildKey(KeyBuilder.TYPE_EC_FP_PRIVATE, (short) 111, false); break;
        case 0x4B: KeyBuilder.buildKey(KeyBuilder.TYPE_EC_F2M_PRIVATE, (short) 572, false); break;

        case 0x50: put(dhx.getType()); put(dhx.getSize()); dhx.setP(DH_P, O, (short) 64); dhx.setG(DH_G, O, (short) DH_G.length); put(dhx.isInitialized()); dhx.setX(DH_X, O, (short) DH_X.length); put(dhx.isInitialized()); put(same(DH_P, dhx.getP(t, O))); put(dhx.getG(t, O)); put(t[63]); put(dhx.getX(t, O)); break;
        case 0x51: { KeyAgreement a = KeyAgreement.getInstance(KeyAgreement.ALG_DH_PLAIN, false); a.init(dhx); put(t, O, a.generateSecret(DH_PEER, O, (short) 64, t, O)); break; }
        case 0x52: { KeyAgreement a = KeyAgreement.getInstance(KeyAgreement.ALG_DH_PLAIN, false); a.init(dhx); t[0] = 1; a.generateSecret(t, O, (short) 1, t, O); break; }
        case 0x53: put(dhy.getType()); dhy.setP(DH_P, O, (short) 64); dhy.setG(DH_G, O, (short) DH_G.length); dhy.setY(DH_PEER, O, (short) 64); put(dhy.isInitialized()); put(same(DH_P, dhy.getP(t, O))); put(dhy.getG(t, O)); put(same(DH_PEER, dhy.getY(t, O))); dhy.setQ(DH_P, O, (short) 64); put(same(DH_P, dhy.getQ(t, O))); dhx.setQ(DH_P, O, (short) 64); put(same(DH_P, dhx.getQ(t, O))); break;
        case 0x54: { KeyPair pair = new KeyPair(KeyPair.ALG_DH, (short) 512); DHPublicKey y = (DHPublicKey) pair.getPublic(); y.setP(DH_P, O, (short) 64); y.setG(DH_G, O, (short) DH_G.length); pair.genKeyPair();
            KeyAgreement a = KeyAgreement.getInstance(KeyAgreement.ALG_DH_PLAIN, false); a.init(pair.getPrivate()); a.generateSecret(DH_PEER, O, (short) 64, t, O);
            KeyPair other = new KeyPair(KeyPair.ALG_DH, (short) 512); y = (DHPublicKey) other.getPublic(); y.setP(DH_P, O, (short) 64); y.setG(DH_G, O, (short) DH_G.length); other.genKeyPair();
            a.generateSecret(t, O, y.getY(t, O), t, O); y = (DHPublicKey) pair.getPublic(); a.init(other.getPrivate()); a.generateSecret(t, (short) 100, y.getY(t, (short) 100), t, (short) 100); put(Util.arrayCompare(t, O, t, (short) 100, (short) 64)); break; }
        case 0x55: new KeyPair(KeyPair.ALG_DH, (short) 512).genKeyPair(); break;
        case 0x56: dhx.clearKey(); put(dhx.isInitialized()); dhx.getX(t, O); break;
        case 0x60: { NamedParameterSpec n = NamedParameterSpec.getInstance(NamedParameterSpec.ED25519); put(n.getName()); XECPrivateKey k = (XECPrivateKey) KeyBuilder.buildXECKey(n, KeyBuilder.ATTR_PRIVATE, false); XECPublicKey w = (XECPublicKey) KeyBuilder.buildXECKey(n, KeyBuilder.ATTR_PUBLIC, false);
            put(k.isInitialized()); put(k.getType()); put(k.getSize()); put(k.getEncodingLength()); put(k.getParams() == n); k.setEncoded(ED_KEY, O, (short) 32); w.setEncoded(ED_PUBLIC, O, (short) 32); put(same(ED_KEY, k.getEncoded(t, O))); put(w.getType());
            Signature s = Signature.getInstance(MessageDigest.ALG_NULL, Signature.SIG_CIPHER_EDDSA, Cipher.PAD_NULL, false); s.init(k, Signature.MODE_SIGN); put(s.getLength()); put(t, O, s.sign(ED_MESSAGE, O, (short) 1, t, O));
            s.init(w, Signature.MODE_VERIFY); s.update(ED_MESSAGE, O, (short) 1); put(s.verify(ED_MESSAGE, O, O, t, O, (short) 64)); put(s.verify(ED_MESSAGE, O, O, t, O, (short) 64)); k.clearKey(); put(k.isInitialized()); break; }
        case 0x61: { NamedParameterSpec n = NamedParameterSpec.getInstance(NamedParameterSpec.ED25519); KeyPair pair = new KeyPair((PublicKey) KeyBuilder.buildXECKey(n, KeyBuilder.ATTR_PUBLIC, false), (PrivateKey) KeyBuilder.buildXECKey(n, (short) (KeyBuilder.ATTR_PRIVATE | JCSystem.MEMORY_TYPE_TRANSIENT_RESET), false)); put(KeyBuilder.getMemoryType(pair.getPrivate())); pair.genKeyPair();
            Signature s = Signature.getInstance(MessageDigest.ALG_NULL, Signature.SIG_CIPHER_EDDSA_ED25519, Cipher.PAD_NULL, false); s.init(pair.getPrivate(), Signature.MODE_SIGN); short l = s.sign(MESSAGE, O, (short) 9, t, O); s.init(pair.getPublic(), Signature.MODE_VERIFY); put(s.verify(MESSAGE, O, (short) 9, t, O, l)); break; }
        case 0x62: { NamedParameterSpec n = NamedParameterSpec.getInstance(NamedParameterSpec.X25519); XECPrivateKey k = (XECPrivateKey) KeyBuilder.buildXECKey(n, KeyBuilder.ATTR_PRIVATE, false); k.setEncoded(X_KEY, O, (short) 32); KeyAgreement a = KeyAgreement.getInstance(KeyAgreement.ALG_XDH, false); a.init(k); put(t, O, a.generateSecret(X_PEER, O, (short) 32, t, O)); Util.arrayFill(t, O, (short) 32, (byte) 0); a.generateSecret(t, O, (short) 32, t, O); break; }
        case 0x63: { XECPrivateKey k = (XECPrivateKey) KeyBuilder.buildXECKey(NamedParameterSpec.getInstance(NamedParameterSpec.X25519), KeyBuilder.ATTR_PRIVATE, false); k.setEncoded(X_KEY, O, (short) 32); KeyAgreement a = KeyAgreement.getInstance(KeyAgreement.ALG_XDH, false); a.init(k); put(t, O, a.generateSecret(X_PEER, O, (short) 32, t, O)); break; }
        case 0x64: { XECPrivateKey k = (XECPrivateKey) KeyBuilder.buildXECKey(NamedParameterSpec.getInstance(NamedParameterSpec.X25519), KeyBuilder.ATTR_PRIVATE, false); k.setEncoded(X_KEY, O, (short) 32); Signature.getInstance(MessageDigest.ALG_NULL, Signature.SIG_CIPHER_EDDSA, Cipher.PAD_NULL, false).init(k, Signature.MODE_SIGN); break; }
        case 0x65: ((XECPrivateKey) KeyBuilder.buildXECKey(NamedParameterSpec.getInstance(NamedParameterSpec.X25519), KeyBuilder.ATTR_PRIVATE, false)).setEncoded(X_KEY, O, (short) 31); break;
        case 0x66: NamedParameterSpec.getInstance(NamedParameterSpec.ED448); break;
        case 0x67: KeyBuilder.buildXECKey(null, KeyBuilder.ATTR_PRIVATE, false); break;
        case 0x68: KeyBuilder.buildXECKey(NamedParameterSpec.getInstance(NamedParameterSpec.X25519), (short) 0x0100, false); break;
        case 0x69: KeyBuilder.buildKey(KeyBuilder.TYPE_XEC, (short) 256, false); break;
        case 0x70: generates(KeyPair.ALG_DSA, (short) 512, Signature.ALG_DSA_SHA); generates(KeyPair.ALG_DSA, (short) 1024, Signature.ALG_DSA_SHA); break;
        case 0x71: { KeyPair pair = new KeyPair(KeyPair.ALG_DSA, (short) 768); pair.genKeyPair(); DSAPublicKey y = (DSAPublicKey) pair.getPublic(); DSAPrivateKey x = (DSAPrivateKey) pair.getPrivate();
            DSAPublicKey y2 = (DSAPublicKey) KeyBuilder.buildKey(KeyBuilder.TYPE_DSA_PUBLIC, (short) 768, false); DSAPrivateKey x2 = (DSAPrivateKey) KeyBuilder.buildKey(KeyBuilder.TYPE_DSA_PRIVATE_TRANSIENT_RESET, (short) 768, false);
            short n = y.getP(t, O); put(n); y2.setP(t, O, n); x2.setP(t, O, n); n = y.getQ(t, O); put(n); y2.setQ(t, O, n); x2.setQ(t, O, n); n = y.getG(t, O); put(n); y2.setG(t, O, n); x2.setG(t, O, n); put(y2.isInitialized());
            n = y.getY(t, O); put(n); y2.setY(t, O, n); n = x.getX(t, O); put(n); x2.setX(t, O, n); put(y2.isInitialized()); put(x2.isInitialized()); put(y2.getType()); put(x2.getType()); signs(Signature.ALG_DSA_SHA, x2, y2);
            x2.clearKey(); put(x2.isInitialized()); break; }
        case 0x72: ((DSAPublicKey) KeyBuilder.buildKey(KeyBuilder.TYPE_DSA_PUBLIC, (short) 512, false)).setQ(DH_P, O, (short) 33); break;
        case 0x73: { rsaKeys(); Signature s = Signature.getInstance(Signature.ALG_RSA_SHA_ISO9796, false); s.init(crt, Signature.MODE_SIGN); s.update(MESSAGE, O, (short) 4); put(same(ISO_9796, s.sign(MESSAGE, (short) 4, (short) (MESSAGE.length - 4), t, O)));
            s.init(pub, Signature.MODE_VERIFY); put(s.verify(MESSAGE, O, (short) MESSAGE.length, ISO_9796, O, (short) 128)); put(s.verify(MESSAGE, O, (short) (MESSAGE.length - 1), ISO_9796, O, (short) 128)); put(s.verify(MESSAGE, O, (short) MESSAGE.length, SIGNED, O, (short) 128));
            s.init(priv, Signature.MODE_SIGN); s.sign(RSA_N, O, (short) 128, t, O); s.init(pub, Signature.MODE_VERIFY); s.update(RSA_N, O, (short) 120); put(s.verify(RSA_N, (short) 120, (short) 8, t, O, (short) 128)); break; }
        case 0x74: { recovers(MESSAGE, (short) MESSAGE.length); recovers(RSA_N, (short) 106); recovers(RSA_N, (short) 128); break; }
        case 0x75: { SignatureMessageRecovery s = (SignatureMessageRecovery) Signature.getInstance(Signature.ALG_RSA_RIPEMD160_ISO9796_MR, false); s.init(priv, Signature.MODE_SIGN); short[] held = new short[1]; s.sign(RSA_N, O, (short) 128, t, O, held, O);
            s.init(pub, Signature.MODE_VERIFY); put(s.beginVerify(t, O, (short) 128)); put(s.verify(RSA_N, (short) 107, (short) 21)); break; }
        case 0x76: { SignatureMessageRecovery s = (SignatureMessageRecovery) Signature.getInstance(Signature.ALG_RSA_SHA_ISO9796_MR, false); s.init(pub, Signature.MODE_VERIFY); Util.arrayCopy(SIGNED, O, t, O, (short) 128); s.beginVerify(t, O, (short) 128); break; }
        case 0x77: { SignatureMessageRecovery s = (SignatureMessageRecovery) Signature.getInstance(Signature.ALG_RSA_SHA_ISO9796_MR, false); s.init(pub, Signature.MODE_VERIFY); s.verify(t, O, O); break; }
        case 0x78: { Signature s = Signature.getInstance(Signature.ALG_RSA_SHA_ISO9796_MR, false); s.init(crt, Signature.MODE_SIGN); s.sign(MESSAGE, O, (short) 4, t, O); break; }
        case 0x79: ((SignatureMessageRecovery) Signature.getInstance(Signature.ALG_RSA_SHA_PKCS1, false)).verify(t, O, O); break;
        case 0x7A: { SignatureMessageRecovery s = (SignatureMessageRecovery) Signature.getInstance(Signature.ALG_RSA_SHA_ISO9796_MR, false); s.init(pub, Signature.MODE_VERIFY); s.sign(MESSAGE, O, (short) 4, t, O, new short[1], O); break; }
        case 0x7B: generates(KeyPair.ALG_EC_F2M, (short) 113, Signature.ALG_ECDSA_SHA); generates(KeyPair.ALG_EC_F2M, (short) 131, Signature.ALG_ECDSA_SHA_256); generates(KeyPair.ALG_EC_F2M, (short) 163, Signature.ALG_ECDSA_SHA); generates(KeyPair.ALG_EC_F2M, (short) 193, Signature.ALG_ECDSA_SHA_384); break;
        case 0x7C: { ECPublicKey k = (ECPublicKey) KeyBuilder.buildKey(KeyBuilder.TYPE_EC_F2M_PUBLIC, (short) 163, false); put(k.getType()); k.setFieldF2M((short) 7, (short) 6, (short) 3); put(t, O, k.getField(t, O)); k = (ECPublicKey) KeyBuilder.buildKey(KeyBuilder.TYPE_EC_F2M_PUBLIC, (short) 113, false); k.setFieldF2M((short) 9); put(t, O, k.getField(t, O)); break; }
        case 0x7D: bpw.setFieldF2M((short) 9); break;
        case 0x7E: ((ECPrivateKey) KeyBuilder.buildKey(KeyBuilder.TYPE_EC_F2M_PRIVATE, (short) 193, false)).setFieldFP(BP_P, O, (short) 24); break;
        case 0x7F: ((ECPrivateKey) KeyBuilder.buildKey(KeyBuilder.TYPE_EC_F2M_PRIVATE, (short) 193, false)).setFieldF2M((short) 7, (short) 7, (short) 3); break;
        case (byte) 0x80: { ECKey d = (ECKey) KeyBuilder.buildKey(KeyBuilder.TYPE_EC_FP_PARAMETERS, (short) 256, false); Key k = (Key) d; put(k.getType()); put(k.isInitialized()); ECPrivateKey s = (ECPrivateKey) KeyBuilder.buildKeyWithSharedDomain(KeyBuilder.ALG_TYPE_EC_FP_PRIVATE, JCSystem.MEMORY_TYPE_PERSISTENT, k, false);
            ECPublicKey w = (ECPublicKey) KeyBuilder.buildKeyWithSharedDomain(KeyBuilder.ALG_TYPE_EC_FP_PUBLIC, JCSystem.MEMORY_TYPE_PERSISTENT, k, false); curve(d, BP_P, BP_A, BP_B, BP_G, BP_R); put(k.isInitialized()); put(s.getSize()); put(same(BP_P, s.getField(t, O))); put(s.getK());
            new KeyPair(w, s).genKeyPair(); signs(Signature.ALG_ECDSA_SHA_256, s, w); s.clearKey(); put(s.isInitialized()); k.clearKey(); put(w.isInitialized()); break; }
        case (byte) 0x81: KeyBuilder.buildKeyWithSharedDomain(KeyBuilder.ALG_TYPE_EC_FP_PRIVATE, JCSystem.MEMORY_TYPE_PERSISTENT, KeyBuilder.buildKey(KeyBuilder.TYPE_DH_PARAMETERS, (short) 512, false), false); break;
        case (byte) 0x82: KeyBuilder.buildKeyWithSharedDomain(KeyBuilder.ALG_TYPE_DH_PRIVATE, JCSystem.MEMORY_TYPE_PERSISTENT, null, false); break;
        case (byte) 0x83: { Key d = KeyBuilder.buildKey(KeyBuilder.TYPE_DH_PARAMETERS, (short) 512, false); DHKey p = (DHKey) d; p.setP(DH_P, O, (short) 64); p.setG(DH_G, O, (short) 1); put(d.isInitialized()); put(d.getType());
            DHPrivateKey x = (DHPrivateKey) KeyBuilder.buildKeyWithSharedDomain(KeyBuilder.ALG_TYPE_DH_PRIVATE, JCSystem.MEMORY_TYPE_TRANSIENT_RESET, d, false); x.setX(DH_X, O, (short) 64); put(x.isInitialized()); KeyAgreement a = KeyAgreement.getInstance(KeyAgreement.ALG_DH_PLAIN, false); a.init(x); put(a.generateSecret(DH_PEER, O, (short) 64, t, O));
            put(KeyBuilder.buildKey(KeyBuilder.TYPE_DSA_PARAMETERS, (short) 512, false).getType()); put(KeyBuilder.buildKey(KeyBuilder.TYPE_EC_F2M_PARAMETERS, (short) 113, false).getType()); break; }
        case (byte) 0x84: named(NamedParameterSpec.SECP256R1, Signature.ALG_ECDSA_SHA_256); named(NamedParameterSpec.SECP521R1, Signature.ALG_ECDSA_SHA_512); named(NamedParameterSpec.BRAINPOOLP320R1, Signature.ALG_ECDSA_SHA_384); break;
        case (byte) 0x85: { KeyPair pair = named(NamedParameterSpec.SECP224R1); Signature.getInstance(MessageDigest.ALG_NULL, Signature.SIG_CIPHER_EDDSA, Cipher.PAD_NULL, false).init(pair.getPrivate(), Signature.MODE_SIGN); break; }
        case (byte) 0x86: generates(KeyPair.ALG_EC_FP, (short) 112, Signature.ALG_ECDSA_SHA); generates(KeyPair.ALG_EC_FP, (short) 128, Signature.ALG_ECDSA_SHA); generates(KeyPair.ALG_EC_FP, (short) 160, Signature.ALG_ECDSA_SHA); break;
        case (byte) 0x87: { KeyPair pair = named(NamedParameterSpec.SECP192R1); XECPublicKey w = (XECPublicKey) pair.getPublic(); w.getEncoded(t, O); w.setEncoded(t, O, (short) 48); break; }
        case (byte) 0x88: throw new CryptoException((short) 7);
        case (byte) 0x89: CryptoException.throwIt((short) 8); break;
        case (byte) 0x8A: { KeyAgreement a = new OwnAgreement(); a.init(crt); put(a.getAlgorithm()); put(a.generateSecret(MESSAGE, O, (short) 4, t, O)); break; }
        case (byte) 0x8B: if (signer == null) { KeyPair pair = new KeyPair(KeyPair.ALG_RSA_CRT, (short) 2048); pair.genKeyPair(); signer = Signature.getInstance(Signature.ALG_RSA_SHA_256_PKCS1, false); signer.init(pair.getPrivate(), Signature.MODE_SIGN); } put(signer.sign(MESSAGE, O, (short) MESSAGE.length, t, O)); break;
        case (byte) 0x8C: salted(O); salted((short) 20); salted((short) 94); break;
        case (byte) 0x8D: salted((short) 95); break;
        case (byte) 0x8E: Signature.getInstance(Signature.ALG_RSA_SHA_256_PKCS1_PSS, false).init(crt, Signature.MODE_SIGN, t, O, (short) 1); break;
        case (byte) 0x8F: Signature.getInstance(Signature.ALG_RSA_SHA_256_PKCS1, false).init(crt, Signature.MODE_SIGN, t, O, (short) 2); break;
        case (byte) 0x90: Util.setShort(t, O, (short) -1); Signature.getInstance(Signature.ALG_RSA_SHA_256_PKCS1_PSS, false).init(crt, Signature.MODE_SIGN, t, O, (short) 2); break;
        case (byte) 0x91: put(kept((short) 366)); break;
        case (byte) 0x92: kept((short) 367); break;
        case (byte) 0x93: plain((short) 20, (short) 20); plain((short) 32, (short) 12); plain((short) 64, O); break;
        case (byte) 0x94: plain((short) 64, (short) 63); break;
        case (byte) 0x95: cofactor(); break;
        case (byte) 0x96: { RSAPublicKey k = (RSAPublicKey) KeyBuilder.buildKey(KeyBuilder.TYPE_RSA_PUBLIC, (short) 512, false); Util.arrayFillNonAtomic(t, O, (short) 64, (byte) 0); t[31] = 1; t[63] = 3; k.setModulus(t, O, (short) 64); k.setExponent(t, (short) 63, (short) 1); t[31] = 0; t[63] = 2;
            Cipher c = Cipher.getInstance(Cipher.ALG_RSA_NOPAD, false); c.init(k, Cipher.MODE_ENCRYPT); put(c.doFinal(t, O, (short) 64, t, O)); put(t[0]); put(t[63]); break; }
        default: ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
    }

    /** The length of an Ed25519 signature over 32,401 bytes and so many more. */
    short kept(short more) {
        NamedParameterSpec n = NamedParameterSpec.getInstance(NamedParameterSpec.ED25519);
        XECPrivateKey k = (XECPrivateKey) KeyBuilder.buildXECKey(n, KeyBuilder.ATTR_PRIVATE, false);
        k.setEncoded(ED_KEY, O, (short) 32);
        Signature s = Signature.getInstance(MessageDigest.ALG_NULL, Signature.SIG_CIPHER_EDDSA, Cipher.PAD_NULL, false);
        s.init(k, Signature.MODE_SIGN);
        for (short i = 0; i < 54; i++) {
            s.update(t, O, (short) 600);
        }
        s.update(t, O, more);
        return s.sign(t, O, (short) 1, t, O);
    }

    /** Signatures over a digest as it is, all at once and in two parts, checked as one that was computed before. */
    void plain(short length, short first) {
        KeyPair pair = new KeyPair(KeyPair.ALG_EC_FP, (short) 256);
        pair.genKeyPair();
        Util.arrayCopyNonAtomic(SIGNED, O, t, (short) 300, (short) 128);
        Signature s = Signature.getInstance(MessageDigest.ALG_NULL, Signature.SIG_CIPHER_ECDSA, Cipher.PAD_NULL, false);
        s.init(pair.getPrivate(), Signature.MODE_SIGN);
        s.update(t, (short) 300, first);
        if (first == 63) {
            s.update(t, (short) 300, (short) 2);
        }
        short size = first == length ? s.sign(null, O, O, t, O) : s.sign(t, (short) (300 + first), (short) (length - first), t, O);
        s.init(pair.getPublic(), Signature.MODE_VERIFY);
        put(s.verify(t, (short) 300, length, t, O, size));
        put(s.verify(t, (short) 301, length, t, O, size));
        if (length == 20) {
            Signature sha = Signature.getInstance(Signature.ALG_ECDSA_SHA, false);
            sha.init(pair.getPublic(), Signature.MODE_VERIFY);
            put(sha.verifyPreComputedHash(t, (short) 300, length, t, O, size));
        }
    }

    /** Whether key agreement with a cofactor agrees with one without. */
    void cofactor() {
        KeyPair pair = new KeyPair(KeyPair.ALG_EC_F2M, (short) 113);
        pair.genKeyPair();
        ECPrivateKey s = (ECPrivateKey) pair.getPrivate();
        s.setK((short) 2);
        KeyPair other = new KeyPair(KeyPair.ALG_EC_F2M, (short) 113);
        other.genKeyPair();
        short length = ((ECPublicKey) other.getPublic()).getW(t, O);
        KeyAgreement without = KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DH_PLAIN, false);
        without.init(s);
        put(without.generateSecret(t, O, length, t, (short) 200));
        KeyAgreement with = KeyAgreement.getInstance(KeyAgreement.ALG_EC_SVDP_DHC_PLAIN, false);
        with.init(s);
        put(with.generateSecret(t, O, length, t, (short) 300));
        put(Util.arrayCompare(t, (short) 200, t, (short) 300, (short) 15) == 0);
    }

    /** PSS with so many bytes of salt: whether two signatures are the same, and which salt verifies. */
    void salted(short salt) {
        Signature s = Signature.getInstance(Signature.ALG_RSA_SHA_256_PKCS1_PSS, false);
        Util.setShort(t, (short) 400, salt);
        s.init(crt, Signature.MODE_SIGN, t, (short) 400, (short) 2);
        s.sign(MESSAGE, O, (short) MESSAGE.length, t, O);
        s.sign(MESSAGE, O, (short) MESSAGE.length, t, (short) 128);
        put(Util.arrayCompare(t, O, t, (short) 128, (short) 128) == 0);
        s.init(pub, Signature.MODE_VERIFY, t, (short) 400, (short) 2);
        put(s.verify(MESSAGE, O, (short) MESSAGE.length, t, (short) 128, (short) 128));
        s.init(pub, Signature.MODE_VERIFY);
        put(s.verify(MESSAGE, O, (short) MESSAGE.length, t, (short) 128, (short) 128));
    }
}

/** An applet's own key agreement. */
class OwnAgreement extends KeyAgreement {
    public void init(PrivateKey key) { }
    public void init(PrivateKey key, AlgorithmParameterSpec params) { }
    public byte getAlgorithm() { return 0x55; }
    public short generateSecret(byte[] data, short offset, short length, byte[] secret, short secretOffset) { return length; }
}
