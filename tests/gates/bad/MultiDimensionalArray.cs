// expect: NANO003 Bad.C.Table: uses System.Int32[,]
// expect: NANO003 Bad.C.At: uses System.Int32[,]
namespace Bad
{
    public class C
    {
        public int[,] Table;

        public int At(int i, int j) => Table[i, j];
    }
}
