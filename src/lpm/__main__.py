"""`python -m lpm` is the command `lpm`."""

from lpm.cli import main

if __name__ == "__main__":
    main()
