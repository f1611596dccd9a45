package q;
public class C extends B { short qOne() { return (short)31; } }
