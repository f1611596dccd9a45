package lab.settler;

import javacard.framework.*;
import javacard.framework.service.*;
import javacard.security.*;
import javacardx.framework.tlv.*;
import javacardx.framework.util.ArrayLogic;
import lab.warden.Guard;

/** An applet that is installed in more ways than one: the first byte of its parameters says how. */
public class Settler extends Applet {
    private static Settler first;
    private static short count;
    private static final byte[] shared = new byte[2];
    private static OwnerPIN pin;

    private int wide;
    private OwnerPINx other;
    private OwnerPIN replacedPin;
    private RSAPublicKey replacedKey;

    private Settler() {
    }

    public static void install(byte[] array, short offset, byte length) {
        short at = (short) (offset + 1 + array[offset]);
        at = (short) (at + 1 + array[at]);
        byte how = array[(short) (at + 1)];
        short value = Util.getShort(array, (short) (at + 2));
        Settler settler = new Settler();
        switch (how) {
        case 0:
            settler.register();
            if (first == null) {
                first = settler;
                pin = new OwnerPIN((byte) 3, (byte) 2);
                pin.update(shared, (short) 0, (byte) 2);
            }
            break;
        case 1:
            // An object from before the transaction, an AID in it.
            JCSystem.beginTransaction();
            settler.register();
            JCSystem.abortTransaction();
            break;
        case 2:
            JCSystem.beginTransaction();
            new Settler().register();
            JCSystem.abortTransaction();
            break;
        case 3:
            JCSystem.beginTransaction();
            settler.register();
            JCSystem.abortTransaction();
            settler.register();
            break;
        case 4:
            JCSystem.beginTransaction();
            settler.register();
            JCSystem.commitTransaction();
            break;
        case 5:
            JCSystem.beginTransaction();
            settler.register();
            break;
        case 6:
            first.register();
            break;
        case 7:
            boolean right = guard().check(value);
            ISOException.throwIt((short) (0x6600 + (right ? 0x10 : 0) + guard().left()));
        case 8:
            // Right or wrong, in a transaction.
            JCSystem.beginTransaction();
            guard().check(value);
            guard().count();
            ISOException.throwIt((short) (0x6600 + guard().left()));
        case 9:
            guard().count();
            guard().keep(settler);
            first = settler;
            count++;
            JCSystem.beginTransaction();
            shared[1] = 7;
            JCSystem.commitTransaction();
            shared[0] = 1;
            pin.check(shared, (short) 0, (byte) 2);
            pin.update(shared, (short) 0, (byte) 1);
            ISOException.throwIt((short) 0x6601);
        case 10:
            RandomData random = RandomData.getInstance(RandomData.ALG_SECURE_RANDOM);
            random.generateData(array, (short) 0, (short) 2);
            ISOException.throwIt(Util.getShort(array, (short) 0));
        case 11:
            settler.register();
            count++;
            ISOException.throwIt((short) 0x6601);
        case 12:
            settler.register();
            count++;
            JCSystem.beginTransaction();
            shared[1] = 7;
            ISOException.throwIt((short) 0x6602);
        case 13:
            settler.register();
            count++;
            new Settler().register();
            break;
        case 14:
            settler.register();
            count++;
            endless();
            break;
        default:
            break;
        }
    }

    private static void endless() {
        endless();
    }

    private static Guard guard() {
        byte[] name = {(byte) 0xF0, 0x48, 0x59, 0x44, 0x52, (byte) 0xF0, 0x08, 0x01};
        AID warden = JCSystem.lookupAID(name, (short) 0, (byte) name.length);
        return (Guard) JCSystem.getAppletShareableInterfaceObject(warden, (byte) 0);
    }

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        byte[] buffer = apdu.getBuffer();
        short length = 0;
        switch (buffer[ISO7816.OFFSET_INS]) {
        case 1:
            length = JCSystem.getAID().getBytes(buffer, (short) 0);
            break;
        case 2:
            Util.setShort(buffer, (short) 0, guard().secret());
            length = 2;
            break;
        case 3:
            // What all instances share.
            buffer[0] = (byte) (first == this ? 1 : 0);
            Util.setShort(buffer, (short) 1, count);
            buffer[3] = shared[0];
            buffer[4] = shared[1];
            buffer[5] = pin.getTriesRemaining();
            buffer[6] = (byte) (pin.check(shared, (short) 0, (byte) 2) ? 1 : 0);
            length = 7;
            break;
        case 4:
            length = draws(buffer);
            break;
        case 5:
            length = tries(buffer);
            break;
        case 6:
            length = memory(buffer);
            break;
        case 7:
            length = full(buffer);
            break;
        case 8:
            length = longest(buffer);
            break;
        case 9:
            length = several(buffer);
            break;
        case 10:
            apdu.setIncomingAndReceive();
            replace(buffer);
            break;
        default:
            ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
        }
        apdu.setOutgoingAndSend((short) 0, length);
    }

    /** Random bytes in a transaction that is aborted, and after it. */
    private short draws(byte[] buffer) {
        RandomData random = RandomData.getInstance(RandomData.ALG_SECURE_RANDOM);
        JCSystem.beginTransaction();
        random.generateData(buffer, (short) 0, (short) 16);
        JCSystem.abortTransaction();
        random.generateData(buffer, (short) 16, (short) 16);
        return (short) 32;
    }

    /** Tries left before, within and after transactions that are aborted. */
    private short tries(byte[] buffer) {
        byte[] digits = new byte[2];
        other = (OwnerPINx) OwnerPINBuilder.buildOwnerPIN((byte) 5, (byte) 2, OwnerPINBuilder.OWNER_PIN_X);
        other.update(digits, (short) 0, (byte) 2);
        other.check(digits, (short) 0, (byte) 1);
        other.check(digits, (short) 0, (byte) 1);
        buffer[0] = other.getTriesRemaining();

        JCSystem.beginTransaction();
        other.setTriesRemaining((byte) 5);
        other.check(digits, (short) 0, (byte) 1);
        buffer[1] = other.getTriesRemaining();
        JCSystem.abortTransaction();
        buffer[2] = other.getTriesRemaining();

        JCSystem.beginTransaction();
        other.update(digits, (short) 0, (byte) 1);
        other.setTriesRemaining((byte) 1);
        other.check(digits, (short) 0, (byte) 2);
        buffer[3] = other.getTriesRemaining();
        JCSystem.abortTransaction();
        buffer[4] = other.getTriesRemaining();

        // The limit that there is afterwards is the old one.
        JCSystem.beginTransaction();
        other.setTryLimit((byte) 9);
        other.check(digits, (short) 0, (byte) 2);
        buffer[5] = other.getTriesRemaining();
        JCSystem.abortTransaction();
        buffer[6] = other.getTriesRemaining();

        JCSystem.beginTransaction();
        other.setTriesRemaining((byte) 1);
        JCSystem.abortTransaction();
        buffer[7] = other.getTriesRemaining();
        return (short) 8;
    }

    /** All of an answer or nothing. */
    private short memory(byte[] buffer) {
        short[] halves = {1, 2};
        short thrown = 0;
        for (short offset = -1; offset <= 1; offset += 2) {
            try {
                JCSystem.getAvailableMemory(halves, offset, JCSystem.MEMORY_TYPE_PERSISTENT);
            } catch (ArrayIndexOutOfBoundsException e) {
                thrown++;
            }
        }
        try {
            JCSystem.getAvailableMemory((short[]) null, (short) -1, JCSystem.MEMORY_TYPE_PERSISTENT);
        } catch (NullPointerException e) {
            thrown++;
        }
        Util.setShort(buffer, (short) 0, halves[0]);
        Util.setShort(buffer, (short) 2, halves[1]);
        Util.setShort(buffer, (short) 4, thrown);
        return (short) 6;
    }

    /** An int field that the commit buffer has room for half of. */
    private short full(byte[] buffer) {
        short[] filler = new short[1];
        wide = 0x11112222;
        buffer[0] = 0;
        JCSystem.beginTransaction();
        while (JCSystem.getUnusedCommitCapacity() >= 16) {
            filler[0] = 1;
        }
        try {
            wide = 0x33334444;
            wide = 0x55556666;
        } catch (TransactionException e) {
            buffer[0] = (byte) e.getReason();
        }
        JCSystem.commitTransaction();
        Util.setShort(buffer, (short) 1, (short) (wide >> 16));
        Util.setShort(buffer, (short) 3, (short) wide);
        return (short) 5;
    }

    /** Arrays whose last index is the largest but one that there is. */
    private short longest(byte[] buffer) {
        short answer = 0;
        switch (buffer[ISO7816.OFFSET_P1]) {
        case 0:
            byte[] one = {1};
            answer = ArrayLogic.arrayFindGeneric(new byte[32767], (short) 0, one, (short) 0);
            break;
        case 1:
            short[] shorts = new short[32767];
            short[] value = {5};
            ArrayLogic.arrayFillGenericNonAtomic(shorts, (short) 0, (short) 32767, value, (short) 0);
            answer = shorts[32766];
            break;
        case 2:
            Dispatcher dispatcher = new Dispatcher((short) 32767);
            dispatcher.addService(new BasicService(), Dispatcher.PROCESS_COMMAND);
            break;
        case 3:
            byte[] bytes = new byte[32767];
            answer = ArrayLogic.arrayCopyRepackNonAtomic(bytes, (short) 0, (short) 32766, new short[32767], (short) 16384);
            break;
        default:
            break;
        }
        Util.setShort(buffer, (short) 0, answer);
        return (short) 2;
    }

    /** Uses up the commit buffer but for P2 times eight bytes. */
    private void fill(byte[] buffer) {
        short[] filler = new short[1];
        short rest = (short) (8 * (buffer[ISO7816.OFFSET_P2] + 1));
        JCSystem.beginTransaction();
        while (JCSystem.getUnusedCommitCapacity() >= rest) {
            filler[0] = 1;
        }
    }

    /** Methods that write more than one thing, with little room in the commit buffer: why not, and which things changed. */
    private short several(byte[] buffer) {
        byte[] old = new byte[200];
        byte[] now = new byte[200];
        byte reason = 0;
        short more = 0;
        switch (buffer[ISO7816.OFFSET_P1]) {
        case 0:
            KeyPair pair = new KeyPair(KeyPair.ALG_EC_FP, (short) 256);
            pair.genKeyPair();
            ECPublicKey point = (ECPublicKey) pair.getPublic();
            ECPrivateKey scalar = (ECPrivateKey) pair.getPrivate();
            point.getW(old, (short) 0);
            scalar.getS(old, (short) 100);
            fill(buffer);
            try {
                pair.genKeyPair();
            } catch (TransactionException e) {
                reason = (byte) e.getReason();
            }
            point.getW(now, (short) 0);
            scalar.getS(now, (short) 100);
            break;
        case 1:
            KeyPair rsa = new KeyPair(KeyPair.ALG_RSA_CRT, (short) 512);
            rsa.genKeyPair();
            RSAPublicKey modulus = (RSAPublicKey) rsa.getPublic();
            RSAPrivateCrtKey prime = (RSAPrivateCrtKey) rsa.getPrivate();
            modulus.getModulus(old, (short) 0);
            prime.getDP1(old, (short) 100);
            fill(buffer);
            try {
                rsa.genKeyPair();
            } catch (TransactionException e) {
                reason = (byte) e.getReason();
            }
            modulus.getModulus(now, (short) 0);
            prime.getDP1(now, (short) 100);
            break;
        case 2:
            KeyPair source = new KeyPair(KeyPair.ALG_EC_FP, (short) 256);
            source.genKeyPair();
            ECPublicKey key = (ECPublicKey) KeyBuilder.buildKey(KeyBuilder.TYPE_EC_FP_PUBLIC, (short) 256, false);
            key.setFieldFP(old, (short) 0, (short) 32);
            key.setR(old, (short) 0, (short) 32);
            fill(buffer);
            try {
                key.copyDomainParametersFrom((ECKey) source.getPublic());
            } catch (TransactionException e) {
                reason = (byte) e.getReason();
            }
            key.getField(now, (short) 0);
            key.getR(now, (short) 100);
            break;
        case 3:
            byte[] bytes = {0x21, 0x03, 0x01, 0x01, 0x00, 0x22, 0x06, 0x02, 0x01, 0x00, 0x03, 0x01, 0x00};
            ConstructedBERTLV tlv = (ConstructedBERTLV) BERTLV.getInstance(bytes, (short) 0, (short) 5);
            ConstructedBERTLV other = (ConstructedBERTLV) BERTLV.getInstance(bytes, (short) 5, (short) 8);
            tlv.toBytes(old, (short) 0);
            ConstructedBERTag tag = (ConstructedBERTag) other.getTag();
            fill(buffer);
            try {
                tlv.init(tag, other);
            } catch (TransactionException e) {
                reason = (byte) e.getReason();
            }
            more = (short) (tlv.toBytes(now, (short) 0) - 5);
            break;
        default:
            break;
        }
        JCSystem.commitTransaction();
        now[100] += (byte) more;
        boolean first = Util.arrayCompare(old, (short) 0, now, (short) 0, (short) 1) != 0
                || Util.arrayCompare(old, (short) 1, now, (short) 1, (short) 31) != 0;
        boolean second = Util.arrayCompare(old, (short) 100, now, (short) 100, (short) 32) != 0;
        buffer[0] = reason;
        buffer[1] = (byte) (first ? 1 : 0);
        buffer[2] = (byte) (second ? 1 : 0);
        return (short) 3;
    }

    /** Eight bytes as a PIN and as a part of a key, then fewer and more in their place. */
    private void replace(byte[] buffer) {
        replacedPin = new OwnerPIN((byte) 3, (byte) 8);
        replacedPin.update(buffer, ISO7816.OFFSET_CDATA, (byte) 8);
        replacedPin.update(buffer, (short) (ISO7816.OFFSET_CDATA + 8), (byte) 2);
        replacedKey = (RSAPublicKey) KeyBuilder.buildKey(KeyBuilder.TYPE_RSA_PUBLIC, (short) 512, false);
        replacedKey.setExponent(buffer, ISO7816.OFFSET_CDATA, (short) 8);
        replacedKey.setExponent(buffer, (short) (ISO7816.OFFSET_CDATA + 8), (short) 16);
    }
}
