// expect: NANO006 Bad.C.Divide: catches System.DivideByZeroException
// expect: NANO006 Bad.C.Filtered: catches System.OverflowException
// against: net
using System;

namespace Bad
{
    public static class C
    {
        public static int Divide(int a, int b)
        {
            try
            {
                return a / b;
            }
            catch (DivideByZeroException)
            {
                return 0;
            }
        }

        public static int Filtered(int a, int b)
        {
            try
            {
                return a / b;
            }
            catch (OverflowException) when (a != 0)
            {
                return 0;
            }
        }
    }
}
