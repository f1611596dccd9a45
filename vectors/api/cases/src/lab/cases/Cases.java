package lab.cases;

import java.io.IOException;
import java.rmi.RemoteException;
import javacard.framework.*;
import javacard.framework.service.ServiceException;
import javacard.security.CryptoException;
import javacardx.framework.tlv.TLVException;
import javacardx.framework.util.UtilException;

/**
 * An applet whose P1 chooses a case. The answer is what the case put out, or (with 6281) which exception it threw: a
 * number, and the reason of those that have one.
 */
public abstract class Cases extends Applet {
    protected static final short O = 0;
    protected static final byte F = (byte) 0xFF;

    private final byte[] out = JCSystem.makeTransientByteArray((short) 300, JCSystem.CLEAR_ON_RESET);
    private final short[] at = JCSystem.makeTransientShortArray((short) 1, JCSystem.CLEAR_ON_RESET);

    /** Runs a case. */
    protected abstract void run(byte which, APDU apdu) throws CardException, IOException, Throwable;

    /** What else comes, for cases that answer by themselves. */
    protected boolean special(APDU apdu) { return false; }

    protected final void put(boolean value) { out[at[0]++] = (byte) (value ? 1 : 0); }
    protected final void put(byte value) { out[at[0]++] = value; }
    protected final void put(short value) { at[0] = Util.setShort(out, at[0], value); }
    protected final void put(int value) { put((short) (value >> 16)); put((short) value); }
    protected final void put(byte[] from, short offset, short length) { at[0] = Util.arrayCopyNonAtomic(from, offset, out, at[0], length); }

    public boolean select() { return super.select(); }
    public void deselect() { super.deselect(); }
    public Shareable getShareableInterfaceObject(AID client, byte p) { return super.getShareableInterfaceObject(client, p); }

    public void process(APDU apdu) {
        if (selectingApplet() || special(apdu)) return;
        byte which = apdu.getBuffer()[ISO7816.OFFSET_P1];
        at[0] = 0;
        byte kind = 0;
        short reason = 0;
        try {
            run(which, apdu);
        } catch (NullPointerException e) { kind = 1; }
        catch (ArrayIndexOutOfBoundsException e) { kind = 2; }
        catch (NegativeArraySizeException e) { kind = 3; }
        catch (SecurityException e) { kind = 4; }
        catch (ArithmeticException e) { kind = 5; }
        catch (ArrayStoreException e) { kind = 6; }
        catch (ClassCastException e) { kind = 7; }
        catch (IndexOutOfBoundsException e) { kind = 8; }
        catch (SystemException e) { kind = 20; reason = e.getReason(); }
        catch (TransactionException e) { kind = 21; reason = e.getReason(); }
        catch (APDUException e) { kind = 22; reason = e.getReason(); }
        catch (ISOException e) { kind = 23; reason = e.getReason(); }
        catch (PINException e) { kind = 24; reason = e.getReason(); }
        catch (CryptoException e) { kind = 25; reason = e.getReason(); }
        catch (ServiceException e) { kind = 26; reason = e.getReason(); }
        catch (TLVException e) { kind = 27; reason = e.getReason(); }
        catch (UtilException e) { kind = 28; reason = e.getReason(); }
        catch (CardRuntimeException e) { kind = 29; reason = e.getReason(); }
        catch (UserException e) { kind = 30; reason = e.getReason(); }
        catch (CardException e) { kind = 31; reason = e.getReason(); }
        catch (RemoteException e) { kind = 13; }
        catch (IOException e) { kind = 12; }
        catch (RuntimeException e) { kind = 9; }
        catch (Exception e) { kind = 10; }
        catch (Throwable e) { kind = 11; }
        if (JCSystem.getTransactionDepth() != 0) JCSystem.abortTransaction();
        if (kind != 0) { at[0] = 0; put(kind); put(reason); }
        if (apdu.getCurrentState() < APDU.STATE_OUTGOING) {
            apdu.setOutgoing();
            apdu.setOutgoingLength(at[0]);
            apdu.sendBytesLong(out, O, at[0]);
        }
        if (kind != 0) ISOException.throwIt((short) 0x6281);
    }
}
