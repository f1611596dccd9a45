package lab.shelf;

/** Static fields of a library. */
public class Shelf {
    public static Object kept;
}
