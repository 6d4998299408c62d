// The unsigned value comes round the loop on the stack of a conditional, and out of a handler.
// expect: NANO014 Bad.C.Loop: the left operand of shr
// expect: NANO014 Bad.C.Handler: the left operand of shr
namespace Bad
{
    public static class C
    {
        public static byte Loop(uint[] words)
        {
            byte result = 0;
            for (int i = 0; i < words.Length; i++)
                result += (byte)((words[i] == 3 ? i : (int)words[i]) >> 2);
            return result;
        }

        public static byte Handler(byte[] bytes, uint x)
        {
            try
            {
                return bytes[0];
            }
            catch (System.IndexOutOfRangeException)
            {
                return (byte)((int)x >> 4);
            }
        }
    }
}
