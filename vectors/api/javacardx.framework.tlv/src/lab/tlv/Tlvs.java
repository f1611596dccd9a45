package lab.tlv;

import javacard.framework.*;
import javacardx.framework.tlv.*;
import lab.cases.Cases;

/** javacardx.framework.tlv. The data of a command, which begins at 5 of the buffer, is the argument. */
public class Tlvs extends Cases {
    /** A tag class of an applet's own. */
    static class OwnTag extends BERTag {
        public void init(byte[] b, short o) { }
    }
    /** A TLV class of an applet's own. */
    static class OwnTlv extends BERTLV {
        public short init(byte[] b, short o, short l) { return 0; }
    }

    final byte[] bytes = new byte[300];
    final PrimitiveBERTag tag = new PrimitiveBERTag();
    final ConstructedBERTag holder = new ConstructedBERTag();
    final PrimitiveBERTLV primitive = new PrimitiveBERTLV((short) 4);
    final ConstructedBERTLV constructed = new ConstructedBERTLV((short) 1);
    final PrimitiveBERTLV empty = new PrimitiveBERTLV(O);
    BERTLV built;

    public static void install(byte[] b, short o, byte l) { new Tlvs().register(); }

    void show(BERTLV tlv) { short n = tlv.toBytes(bytes, O); put(bytes, O, n); }
    void show(BERTag tag) { short n = tag.toBytes(bytes, O); put(bytes, O, n); }

    protected void run(byte which, APDU apdu) {
        byte[] b = apdu.getBuffer();
        short c = ISO7816.OFFSET_CDATA;
        short n = apdu.setIncomingAndReceive();
        // Nothing of the command before may be behind the data.
        Util.arrayFillNonAtomic(b, (short) (c + n), (short) (b.length - c - n), (byte) 0x7F);
        if (which < 0x20) tags(which, b, c, n);
        else if (which < 0x40) arrays(which, b, c, n);
        else if (which < 0x60) primitives(which, b, c, n);
        else if (which >= 0) constructeds(which, b, c, n);
        else ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
    }

    void tags(byte which, byte[] b, short c, short n) {
        switch (which) {
        case 0x00: { BERTag t = BERTag.getInstance(b, c); put(t instanceof ConstructedBERTag); put(t.isConstructed()); put(t.tagClass()); put(t.tagNumber()); put(t.size()); show(t); break; }
        case 0x01: put(BERTag.isConstructed(b, c)); put(BERTag.tagClass(b, c)); put(BERTag.tagNumber(b, c)); put(BERTag.size(b, c)); put(BERTag.verifyFormat(b, c)); break;
        case 0x02: put(BERTag.verifyFormat(b, c)); break;
        case 0x03: { short s = BERTag.toBytes(b[c], b[(short) (c + 1)] != 0, Util.getShort(b, (short) (c + 2)), bytes, O); put(bytes, O, s); break; }
        case 0x04: tag.init(b, c); show(tag); break;
        case 0x05: tag.init(b[c], Util.getShort(b, (short) (c + 1))); show(tag); break;
        case 0x06: holder.init(b, c); show(holder); break;
        case 0x07: holder.init(b[c], Util.getShort(b, (short) (c + 1))); show(holder); break;
        case 0x08: { BERTag t = BERTag.getInstance(b, c); put(t.equals(tag)); put(t.equals((Object) tag)); put(t.equals(t)); put(t.equals((BERTag) null)); put(t.equals((Object) null)); put(t.equals((Object) this)); break; }
        case 0x09: new PrimitiveBERTag().size(); break;
        case 0x0A: new ConstructedBERTag().toBytes(bytes, O); break;
        case 0x0B: new PrimitiveBERTag().tagNumber(); break;
        case 0x0C: new OwnTag().isConstructed(); break;
        case 0x0D: new PrimitiveBERTag().tagClass(); break;
        case 0x0E: put(new PrimitiveBERTag().equals((BERTag) new ConstructedBERTag())); put(new PrimitiveBERTag().equals((BERTag) tag)); break;
        case 0x0F: BERTag.getInstance(null, O); break;
        case 0x10: BERTag.size(bytes, (short) 300); break;
        case 0x11: BERTag.tagNumber(bytes, (short) -1); break;
        case 0x12: bytes[299] = 0x1F; BERTag.tagClass(bytes, (short) 299); break;
        case 0x13: bytes[299] = 0x1F; BERTag.verifyFormat(bytes, (short) 299); break;
        case 0x14: { Util.arrayFillNonAtomic(bytes, O, (short) 200, (byte) 0x81); bytes[0] = 0x1F; bytes[127] = 1; BERTag.size(bytes, O); break; }
        case 0x15: { Util.arrayFillNonAtomic(bytes, O, (short) 200, (byte) 0x81); bytes[0] = 0x1F; bytes[126] = 1; put(BERTag.size(bytes, O)); tag.init(bytes, O); put(tag.size()); tag.tagNumber(); break; }
        case 0x16: { Util.arrayFillNonAtomic(bytes, O, (short) 200, (byte) 0x81); bytes[0] = 0x1F; bytes[127] = 1; put(BERTag.verifyFormat(bytes, O)); tag.init(bytes, O); break; }
        case 0x17: BERTag.toBytes((short) 0, false, (short) 1, null, O); break;
        case 0x18: BERTag.toBytes((short) 0, false, (short) 1000, bytes, (short) 298); break;
        case 0x19: TLVException.throwIt(TLVException.INVALID_PARAM); break;
        case 0x1A: throw new TLVException(TLVException.INSUFFICIENT_STORAGE);
        case 0x1B: tag.toBytes(bytes, (short) 300); break;
        case 0x1C: new OwnTag().toBytes(null, O); break;
        }
    }

    void arrays(byte which, byte[] b, short c, short n) {
        switch (which) {
        case 0x20: put(BERTLV.verifyFormat(b, c, n)); break;
        case 0x21: { short s = BERTLV.getTag(b, c, bytes, O); put(s); put(bytes, O, s); put(BERTLV.getLength(b, c)); break; }
        case 0x22: put(BERTLV.getLength(b, c)); break;
        case 0x23: put(PrimitiveBERTLV.getValueOffset(b, c)); break;
        case 0x24: { short s = PrimitiveBERTLV.toBytes(b, c, b, (short) (c + 2), (short) (n - 2), b, c); put(b, c, s); break; }
        case 0x25: { Util.arrayFillNonAtomic(bytes, O, (short) 125, (byte) 0x55); short s = PrimitiveBERTLV.appendValue(b, c, bytes, O, (short) 125); put(s); put(b, c, (short) 6); break; }
        case 0x26: { short s = PrimitiveBERTLV.appendValue(b, c, b, (short) (c + 2), (short) 2); put(b, c, s); break; }
        case 0x27: { bytes[0] = 0x04; bytes[1] = 1; bytes[2] = (byte) 0xEE; short s = ConstructedBERTLV.append(bytes, O, b, c); put(b, c, s); break; }
        case 0x28: put(ConstructedBERTLV.find(b, c, null, O)); bytes[0] = 0x05; put(ConstructedBERTLV.find(b, c, bytes, O)); bytes[0] = 0x06; put(ConstructedBERTLV.find(b, c, bytes, O)); break;
        case 0x29: bytes[0] = 0x04; put(ConstructedBERTLV.findNext(b, c, (short) (c + 2), bytes, O)); put(ConstructedBERTLV.findNext(b, c, (short) (c + 2), null, O)); bytes[0] = 0x06; put(ConstructedBERTLV.findNext(b, c, (short) (c + 2), bytes, O)); break;
        case 0x2A: ConstructedBERTLV.findNext(b, c, (short) (c + 3), null, O); break;
        case 0x2B: bytes[0] = 0x1F; bytes[1] = (byte) 0x80; ConstructedBERTLV.findNext(b, c, (short) (c + 2), bytes, O); break;
        case 0x2C: BERTLV.verifyFormat(bytes, O, (short) 301); break;
        case 0x2D: BERTLV.verifyFormat(null, c, n); break;
        case 0x2E: BERTLV.getTag(b, c, null, O); break;
        case 0x2F: bytes[298] = 4; bytes[299] = 5; PrimitiveBERTLV.appendValue(bytes, (short) 298, bytes, O, (short) 1); break;
        case 0x30: bytes[298] = 0x30; bytes[299] = 5; ConstructedBERTLV.find(bytes, (short) 298, null, O); break;
        case 0x31: bytes[297] = 4; bytes[298] = 1; bytes[299] = 9; PrimitiveBERTLV.appendValue(bytes, (short) 297, bytes, O, (short) 1); break;
        case 0x32: PrimitiveBERTLV.toBytes(b, c, b, c, (short) -1, bytes, O); break;
        case 0x33: PrimitiveBERTLV.toBytes(b, c, b, c, (short) 1, bytes, (short) 298); break;
        case 0x34: BERTLV.getInstance(b, c, n); break;
        case 0x35: ConstructedBERTLV.append(b, c, null, O); break;
        case 0x36: ConstructedBERTLV.findNext(b, c, (short) -1, null, O); break;
        case 0x37: { byte[] big = new byte[32767]; big[0] = 4; big[1] = (byte) 0x82; big[2] = 0x7F; big[3] = (byte) 0xFB; PrimitiveBERTLV.appendValue(big, O, b, c, (short) 1); break; }
        case 0x38: PrimitiveBERTLV.getValueOffset(b, c); break;
        }
    }

    void primitives(byte which, byte[] b, short c, short n) {
        switch (which) {
        case 0x40: put(primitive.init(b, c, n)); show(primitive); put(primitive.getLength()); put(primitive.size()); put(primitive.getTag() instanceof PrimitiveBERTag); break;
        case 0x41: tag.init((byte) 2, (short) 5); put(primitive.init(tag, b, c, n)); show(primitive); put(primitive.getTag() == tag); break;
        case 0x42: put(primitive.appendValue(b, c, n)); show(primitive); break;
        case 0x43: put(primitive.replaceValue(b, c, n)); show(primitive); break;
        case 0x44: { short s = primitive.getValue(bytes, O); put(s); put(bytes, O, s); break; }
        // The tag object is the TLV's own from now on.
        case 0x45: tag.init((byte) 3, (short) 0x49); show(primitive); put(primitive.size()); break;
        case 0x46: empty.appendValue(b, c, n); break;
        case 0x47: empty.replaceValue(b, c, n); break;
        case 0x48: empty.getValue(bytes, O); break;
        case 0x49: empty.getTag(); break;
        case 0x4A: empty.getLength(); break;
        case 0x4B: empty.size(); break;
        case 0x4C: empty.toBytes(bytes, O); break;
        case 0x4D: primitive.init(null, b, c, n); break;
        case 0x4E: primitive.init(tag, null, c, n); break;
        case 0x4F: primitive.init(tag, bytes, O, (short) 301); break;
        case 0x50: new PrimitiveBERTLV((short) -1); break;
        case 0x51: primitive.init(new PrimitiveBERTag(), b, c, n); break;
        case 0x52: primitive.toBytes(bytes, (short) 299); break;
        case 0x53: primitive.toBytes(null, O); break;
        case 0x54: new OwnTlv().size(); break;
        case 0x55: { BERTLV t = BERTLV.getInstance(b, c, n); put(t instanceof PrimitiveBERTLV); show(t); break; }
        case 0x56: JCSystem.beginTransaction(); primitive.replaceValue(b, c, n); show(primitive); JCSystem.abortTransaction(); show(primitive); break;
        case 0x57: { byte[] big = new byte[32760]; primitive.replaceValue(big, O, (short) 32760); put(primitive.size()); primitive.appendValue(big, O, (short) 10); break; }
        case 0x58: put(primitive.getLength()); primitive.replaceValue(b, c, n); JCSystem.requestObjectDeletion(); break;
        }
    }

    void constructeds(byte which, byte[] b, short c, short n) {
        switch (which) {
        case 0x60: put(constructed.init(b, c, n)); show(constructed); put(constructed.getLength()); put(constructed.getTag() instanceof ConstructedBERTag); break;
        case 0x61: holder.init((byte) 1, (short) 1); primitive.init(b, c, n); put(constructed.init(holder, primitive)); show(constructed); break;
        case 0x62: holder.init((byte) 1, (short) 1); put(constructed.init(holder, b, c, n)); show(constructed); break;
        case 0x63: { BERTLV more = BERTLV.getInstance(b, c, n); put(constructed.append(more)); show(constructed); built = more; break; }
        case 0x64: put(constructed.append(built)); show(constructed); break;
        case 0x65: put(constructed.delete(built, (short) 2)); show(constructed); break;
        case 0x66: { tag.init(b, c); BERTLV found = constructed.find(tag); put(found != null); if (found != null) show(found); break; }
        case 0x67: show(constructed.find(null)); break;
        case 0x68: { tag.init(b, c); BERTLV found = constructed.findNext(tag, constructed.find(null), (short) 1); put(found != null); if (found != null) show(found); break; }
        case 0x69: put(constructed.findNext(null, built, (short) 1) == null); break;
        case 0x6A: constructed.findNext(null, built, (short) 2); break;
        case 0x6B: constructed.findNext(null, null, (short) 1); break;
        case 0x6C: constructed.append(constructed); break;
        case 0x6D: { ConstructedBERTLV outer = new ConstructedBERTLV((short) 1); holder.init((byte) 0, (short) 0x10); outer.init(holder, constructed); show(outer); constructed.append(outer); break; }
        case 0x6E: constructed.delete(built, (short) 0); break;
        case 0x6F: constructed.delete(primitive, (short) 1); break;
        case 0x70: constructed.delete(null, (short) 1); break;
        case 0x71: constructed.append(null); break;
        case 0x72: new ConstructedBERTLV((short) -1); break;
        case 0x73: new ConstructedBERTLV((short) 1).append(primitive); break;
        case 0x74: constructed.append(empty); break;
        case 0x75: constructed.init(null, primitive); break;
        case 0x76: constructed.init(holder, (BERTLV) null); break;
        case 0x77: constructed.init(null, b, c, n); break;
        case 0x78: new ConstructedBERTLV((short) 1).size(); break;
        // The same object many times: more than any TLV can be.
        case 0x79: { ConstructedBERTLV[] levels = new ConstructedBERTLV[20]; BERTLV inside = primitive; holder.init((byte) 0, (short) 0x10);
            for (byte i = 0; i < 20; i++) { levels[i] = new ConstructedBERTLV((short) 2); levels[i].init(holder, inside); levels[i].append(inside); inside = levels[i]; } break; }
        // And nested as deeply as a TLV can be.
        case 0x7A: { BERTLV inside = primitive; holder.init((byte) 0, (short) 0x10);
            for (short i = 0; i < 200; i++) { ConstructedBERTLV outer = new ConstructedBERTLV((short) 1); outer.init(holder, inside); inside = outer; } put(inside.size()); JCSystem.requestObjectDeletion(); break; }
        case 0x7B: { built = BERTLV.getInstance(b, c, n); put(built instanceof ConstructedBERTLV); show(built); show(((ConstructedBERTLV) built).find(null)); break; }
        case 0x7C: show(constructed); break;
        case 0x7D: constructed.init(holder, bytes, O, (short) 301); break;
        }
    }
}
