"""The trial with perturbed answers: does assistance help people to find planted flaws?"""
