package lab.shelf;

/** An instance of a library's class. */
public class Box {
    public Object content;
}
